# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""C code that calls back: sort keys, map, itertools, factories, re.sub, json hooks, operators."""
import collections
import functools
import itertools
import json
import operator
import re
from digest import Digest, report

calls = 0


def key(x):
    global calls
    calls += 1
    t = x
    for i in range(5):
        t = (t * 31 + i) % 1009
    return t


class Num:
    __slots__ = ("v",)
    def __init__(self, v):
        self.v = key(v)
    def __add__(self, o):
        return Num(self.v + (o.v if isinstance(o, Num) else o))
    __radd__ = __add__
    def __eq__(self, o):
        key(self.v)
        return isinstance(o, Num) and self.v == o.v
    def __hash__(self):
        return key(self.v)
    def __lt__(self, o):
        return key(self.v) < key(o.v)
    def __bool__(self):
        return key(self.v) % 3 != 0
    def __iter__(self):
        return iter((self.v, key(self.v)))
    def __len__(self):
        return key(self.v) % 10
    def __contains__(self, x):
        return key(x) % 2 == 0
    def __index__(self):
        return key(self.v) % 50
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name != "missing":
            raise AttributeError(name)
        return name, key(len(name))
    def __format__(self, spec):
        return f"<{key(self.v)}:{spec}>"
    def __repr__(self):
        return f"Num({self.v})"
    def __getitem__(self, i):
        if i > self.v % 20:
            raise IndexError(i)
        return key(i)


class Table(dict):
    def __missing__(self, k):
        self[k] = v = key(k)
        return v


@functools.lru_cache(maxsize=64)
def cached(n):
    return key(n) + (cached(n - 1) if n else 0)


def sift(n):
    live = map(key, itertools.count(n))
    held = filter(lambda x: key(x) % 3, live)
    taken = itertools.takewhile(lambda x: key(x) % 50, held)
    grouped = itertools.groupby(taken, key=lambda x: x % 5)
    return [(k, list(g)) for k, g in itertools.islice(grouped, 6)]


digest = Digest()
table = Table()
factory = collections.defaultdict(lambda: key(calls))
sums = itertools.accumulate(itertools.count(5), lambda a, b: key(a + b))
stream = map(operator.add, map(key, itertools.count(1)), sums)
for i in range(1500):
    data = [(i * 7919 + k * k) % 1000 for k in range(25)]
    digest.add(sorted(data, key=key), min(data, key=key), max(map(key, data)))
    digest.add(functools.reduce(lambda a, b: key(a ^ b), data))
    digest.add(sift(i), next(stream), sum(key(x) for x in data), any(key(x) == 3 for x in data))
    digest.add(re.sub(r"\d+", lambda m: str(key(int(m[0]))), "a1b22c333" * 4))
    digest.add(json.loads('{"a": {"b": [1, {"c": 3}]}}', object_hook=lambda d: (key(len(d)), [*d])))
    nums = [Num(x) for x in data]
    digest.add(sum(nums), sorted(nums)[:3], Num(i) in nums, len({*nums}))
    digest.add([n.v for n in nums if n], nums[0].missing)
    a, b = Num(i)
    digest.add(a, b, f"{Num(i):>4}", list(Num(i)), data[operator.index(Num(i)) % 25], len(Num(i)))
    digest.add(list(itertools.islice(iter(lambda: key(calls), 7), 9)))
    digest.add(table[i % 37], factory[i % 41], cached(i % 50))
    pairs = itertools.starmap(lambda a, b: key(a + b), zip(data, data))
    digest.add(3 in Num(i), [k for k in pairs][:4], *Num(i))
    x, *rest = map(key, data)
    digest.add(x, rest[-1], dict(map(lambda k: (k, key(k)), data[:4])), calls)
    data.sort(key=functools.cmp_to_key(lambda p, q: key(p) - key(q)))
    digest.add(data)
report("callbacks", digest)
