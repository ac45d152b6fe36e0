# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""NamedTuple, Protocol, Generic with forward references, TypedDict, dataclasses, enums, abc, dispatch and caches."""
import abc
import dataclasses
import enum
import functools
import typing

from digest import Digest, report

T = typing.TypeVar("T")


def spin(n):
    total = 0
    for i in range(n % 9):
        total += i
    return total


class Point(typing.NamedTuple):
    x: int
    y: int = 2
    label: typing.Optional[str] = None

    def moved(self, by):
        return self._replace(x=self.x + spin(by))


@typing.runtime_checkable
class Sized(typing.Protocol):
    def size(self) -> int: ...


class Options(typing.TypedDict, total=False):
    name: str
    depth: int


class Tree(typing.Generic[T]):
    left: typing.Optional["Tree[T]"]
    right: "typing.Union[Tree[T], None]"

    def __init__(self, value: T):
        self.value, self.left, self.right = value, None, None

    def add(self, value):
        side = "left" if value < self.value else "right"
        if (below := getattr(self, side)) is None:
            setattr(self, side, Tree[int](value))
        else:
            below.add(value)

    def __iter__(self) -> typing.Iterator[T]:
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right

    def size(self):
        return sum(1 for _ in self)


@dataclasses.dataclass(frozen=True, order=True, slots=True, kw_only=True)
class Part:
    weight: int
    name: str = "part"
    inner: tuple = dataclasses.field(default=(), compare=False)

    def __post_init__(self):
        object.__setattr__(self, "inner", tuple(spin(i) for i in range(self.weight % 4)))


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    RUN = enum.auto()
    ALL = READ | WRITE | RUN


class Level(enum.IntEnum):
    @staticmethod
    def _generate_next_value_(name, start, count, last):
        return count * 10 + spin(len(name))

    LOW = enum.auto()
    MIDDLE = enum.auto()
    HIGH = enum.auto()

    @property
    def next(self):
        members = list(Level)
        return members[(members.index(self) + 1) % len(members)]


class Shape(abc.ABC):
    made = 0

    @abc.abstractmethod
    def area(self): ...

    @functools.cached_property
    def slow(self):
        return spin(self.area()), type(self).__name__

    @functools.singledispatchmethod
    def scaled(self, by):
        raise TypeError(type(by).__name__)

    @scaled.register
    def _(self, by: int):
        return self.area() * by + spin(by)

    @scaled.register(str)
    def _(self, by):
        return by * (self.area() % 3)


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2


@functools.lru_cache(maxsize=16)
def bounded(n):
    return spin(n), Part(weight=n)


@functools.cache
def unbounded(n):
    return n if n < 2 else (unbounded(n - 1) + unbounded(n - 2)) % 1000007


digest = Digest()
level = Level.LOW
for n in range(5500):
    point = Point(n, label="p" if n % 2 else None).moved(n)
    tree = Tree[int](n % 13)
    for i in range(n % 12):
        tree.add((n * 31 + i * 17) % 29)
    options: Options = {"name": str(point), "depth": spin(n)}
    digest.add(point, list(tree), isinstance(tree, Sized), isinstance(point, Sized), options, tree.size())
    parts = [Part(weight=(n * k) % 7, name=f"n{k}") for k in range(4)]
    digest.add(sorted(parts), len(set(parts)), dataclasses.replace(parts[0], weight=n), dataclasses.asdict(parts[1]))
    access = Access(n % 8) ^ Access.RUN
    level = level.next
    digest.add(access, Access.READ in access, ~access, level, level + 1, Level["LOW"].next)
    shape = Square(n % 9)
    digest.add(shape.slow, shape.slow is shape.slow, shape.scaled(n % 6), shape.scaled("ab"))
    try:
        shape.scaled(1.5) if n % 2 else Shape()
    except TypeError as e:
        digest.add(str(e)[:30])
    digest.add(bounded(n % 23)[0], bounded.cache_info(), unbounded(n % 200))
digest.add(sorted(typing.get_type_hints(Tree)), Tree.__annotations__["left"] == typing.Optional["Tree[T]"])
report("typed_classes", digest)
