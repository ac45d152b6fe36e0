# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Containers, sums, joins and calls made from generators and callbacks; comprehensions in calls; walrus."""
import functools
import operator

from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 9):
        total += i
    return total


def source(n):
    for i in range(n):
        yield (i * 7919 + spin(i)) % 101


def call(*args, first=0, **named):
    return len(args), args[:3], first, sorted(named)


def rank(item):
    return -spin(item), item


digest = Digest()
for n in range(2600):
    k, half = n % 29, 0
    digest.add(sum(source(k)), sum((x * 0.5 for x in source(k)), 0.25), any(x > 99 for x in source(k)),
               all(x < 90 for x in source(k)))
    digest.add("-".join(str(x) for x in source(k)), b"".join(bytes([x]) for x in source(k)))
    digest.add(list(source(k)), tuple(source(k))[-2:], sorted(set(source(k))), len(frozenset(source(k))))
    digest.add(dict((x, spin(x)) for x in source(k)), dict(zip(source(k), source(4))), bytes(source(k)))
    digest.add(sorted(source(k), key=rank), max(source(k + 1), key=rank), min(source(k), default=None))
    digest.add(list(map(spin, source(k))), list(filter(lambda x: spin(x) % 2, source(k))))
    digest.add(functools.reduce(lambda a, b: (a * 31 + spin(b)) % 997, source(k), 1))
    digest.add(call(*source(k), *(x for x in range(3)), first=spin(n), **{f"k{x}": x for x in source(3)}))
    digest.add(call(*[spin(x) for x in source(k) if (half := x // 2) > 3], half))
    digest.add([y for x in source(k % 7) if (y := spin(x)) for z in range(y % 3)])
    digest.add(dict(enumerate(source(4))), [*source(3), *{*source(3)}][:3], {**{"a": spin(n)}, "b": 2})
    digest.add(list(map(operator.add, source(k), map(spin, source(k)))), max(map(len, map(str, source(k + 1)))))
    first, *middle, last = source(k + 2)
    digest.add(first, middle, last, [[spin(x + y) for x in source(3)] for y in source(2)])
report("built_from_generators", digest)
