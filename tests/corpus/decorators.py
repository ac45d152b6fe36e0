# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Decorators with and without arguments, on classes, memoising, partial, singledispatch."""
import functools

from digest import Digest, report


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)
    wrapper.calls = 0
    return wrapper


def repeat(times, *, combine=sum):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return combine([function(*args) for _ in range(times)])
        return wrapper
    return decorate


def remembering(cls):
    original = cls.__init__

    @functools.wraps(original)
    def init(self, *args):
        original(self, *args)
        made.append(args)
    cls.__init__ = init
    return cls


@functools.lru_cache(maxsize=None)
def partitions(n, largest):
    if n == 0:
        return 1
    return sum(partitions(n - k, k) for k in range(1, min(n, largest) + 1))


@counted
@repeat(3, combine=max)
def work(x, y):
    total = 0
    for i in range(15):
        total += (x * i) ^ y
    return total


@remembering
class Point:
    def __init__(self, x):
        self.x = x

    @counted
    def shifted(self, by):
        return Point(self.x + by)


@functools.singledispatch
def describe(thing):
    return "thing"


@describe.register
def _(thing: int):
    return f"int {thing}"


@describe.register(list)
def _(thing):
    return f"list {[describe(x) for x in thing]}"


made = []
digest = Digest()
half = functools.partial(work, 7)
point = Point(0)
for i in range(170000):
    digest.add(half(i), describe([i, "x", [i % 3]]))
    point = point.shifted(i % 5)
    if i % 200 == 0:
        digest.add(partitions(20 + i // 5000, 20 + i // 5000), work.calls, Point.shifted.calls)
        digest.add(len(made), work.__name__)
        del made[:-3]
report("decorators", digest)
