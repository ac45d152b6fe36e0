# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Decorators with state, cached_property, descriptors, partial, singledispatch, guards."""
import dataclasses
import enum
import functools
from digest import Digest, report


def spin(n):
    t = 0
    for i in range(n % 21):
        t += i
    return t


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kw):
        wrapper.calls += 1
        return function(*args, **kw)
    wrapper.calls = 0
    return wrapper


def retry(times):
    def decorate(function):
        failures = []
        @functools.wraps(function)
        def again(*args, **kw):
            for attempt in range(times):
                try:
                    return function(*args, attempt=attempt, **kw)
                except ArithmeticError as e:
                    failures.append(repr(e))
                    last = e
            if len(failures) > 500:
                failures.clear()
            raise RuntimeError(len(failures)) from last
        again.failures = failures
        return again
    return decorate


class Memo:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function
        self.seen = {}
    def __call__(self, *args):
        if args not in self.seen:
            self.seen[args] = self.function(*args)
        return self.seen[args]
    def __get__(self, instance, owner=None):
        return functools.partial(self, instance.k) if instance is not None else self


class Typed:
    def __set_name__(self, owner, name):
        self.name = "_" + name
    def __get__(self, instance, owner=None):
        return self if instance is None else spin(getattr(instance, self.name, 3))
    def __set__(self, instance, value):
        spin(value)
        setattr(instance, self.name, value)
    def __delete__(self, instance):
        spin(9)
        delattr(instance, self.name)


@functools.total_ordering
class Thing:
    size = Typed()
    def __init__(self, k):
        self.k = k
        self.size = k
    @functools.cached_property
    def slow(self):
        return spin(self.k) + self.size
    @Memo
    def memo(k, n):
        return spin(k * n)
    @counted
    def count(self):
        return spin(self.k)
    @staticmethod
    @counted
    def fixed(x):
        return spin(x)
    @classmethod
    @retry(3)
    def risky(cls, n, attempt):
        spin(n)
        if n % 4 > attempt:
            return 1 // 0
        return attempt
    def __lt__(self, other):
        return spin(self.k) < spin(other.k)
    def __eq__(self, other):
        return self.k == other.k
    def __hash__(self):
        return self.k


@functools.singledispatch
def show(x):
    return "object", spin(5)


@show.register
def _(x: int):
    return "int", spin(x)


@show.register(list)
@show.register(tuple)
def _(x):
    return [show(y) for y in x]


class Color(enum.Enum):
    RED = enum.auto()
    BLUE = enum.auto()
    @property
    def next(self):
        spin(self.value)
        return Color(self.value % 2 + 1)


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = dataclasses.field(default_factory=lambda: spin(8))
    tag: Color = dataclasses.field(default=Color.RED, compare=False)
    def __post_init__(self):
        self.z = spin(self.x)
    @property
    def norm(self):
        return spin(self.x) + self.y


def classify(p):
    match p:
        case Point(x=0) | Point(y=0, tag=Color.BLUE):
            return "axis"
        case Point(x, y, tag=Color.RED) if spin(x) > spin(y):
            return "red", x - y
        case Point(norm=n) if n % 2:
            return "odd", n
        case {"points": [Point(x=a), *_, Point(x=b)], **rest} if spin(a + b):
            return a, b, sorted(rest)
        case [Thing(k=int(k)), *others]:
            return k, len(others)
        case str(s) | (s, None):
            return s
        case _:
            return None


digest = Digest()
things = [Thing(k) for k in range(30)]
for i in range(14000):
    t = Thing(i % 200)
    digest.add(t.slow, t.slow, t.size, t.memo(i % 5), t.count(), Thing.fixed(i))
    digest.add(t <= things[i % 30], Thing.count.calls)
    try:
        digest.add(Thing.risky(i))
    except RuntimeError as e:
        digest.add(repr(e), repr(e.__cause__))
    del t.size
    digest.add(t.size, show([i, "a", (i, [i])]), Color(i % 2 + 1).next)
    points = [Point(i % 7), Point(i % 5, i % 3, Color.BLUE)]
    digest.add(*map(classify, [*points, {"points": points, "k": i}, [t, 1], "s", ("u", None), 4]))
    digest.add(points, max(points), dataclasses.replace(points[0], x=i), t.__dict__.keys())
report("stateful_decorators", digest)
