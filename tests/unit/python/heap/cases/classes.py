# Classes: metaclasses, ABCs, enums, dataclasses, descriptors, order of everything.
import abc
import collections.abc
import dataclasses
import enum
import string
import typing

log = []


class Meta(type):
    kinds = []

    def __new__(mcls, name, bases, ns, **kw):
        log.append("meta new")
        return super().__new__(mcls, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        cls.kinds.append(name)

    def __call__(cls, *args):
        return super().__call__(*args)

    @property
    def label(cls):
        return "label of " + cls.__name__


class WithMeta(metaclass=Meta, option=1):
    label = "in class"


class Base:
    registry = []

    def __init_subclass__(cls, **kw):
        log.append("init_subclass")
        Base.registry.append(cls)


class B(Base):
    pass


class A(Base):
    pass


class Dollars(string.Template):
    pass


class Euros(string.Template):
    pass


class Coins(Dollars, Euros):
    pass


class Registry:
    youngest_first = None


class R1(Registry):
    pass


class R2(Registry):
    pass


class R3(Registry):
    pass


Registry.youngest_first = R3


class Named:
    def __set_name__(self, owner, name):
        log.append("set_name")
        self.owner, self.name = owner, name

    def __get__(self, instance, owner):
        return self if instance is None else (self.name, instance)


class UsesNamed:
    field = Named()


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        ...

    @property
    @abc.abstractmethod
    def name(self):
        ...


class Square(Shape):
    name = "square"

    def area(self):
        return 4


class Sequence2(collections.abc.Sequence):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return i


class Duck:
    pass


class DuckToo:
    pass


collections.abc.Sized.register(Duck)
Shape.register(DuckToo)


class Color(enum.Enum):
    RED = 1
    GREEN = "g"
    CRIMSON = 1

    def describe(self):
        return self.name + "!"


class Perm(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    RW = R | W


class Num(enum.IntEnum):
    ONE = 1
    TWO = 2


class Word(str, enum.Enum):
    HI = "hi"


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: list = dataclasses.field(default_factory=list, compare=False)
    Z: typing.ClassVar[int] = 9


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: int
    b: tuple = ()


class Vec(typing.NamedTuple):
    x: float
    y: float = 1.0


class Movie(typing.TypedDict):
    title: str


T = typing.TypeVar("T")
Bounded = typing.TypeVar("Bounded", bound=Base, covariant=True)
UserId = typing.NewType("UserId", int)


class Box(typing.Generic[T]):
    def __init__(self, item: T):
        self.item = item


class Proto(typing.Protocol):
    def run(self) -> int:
        ...


class Diamond1(Base):
    def who(self):
        return ["1"]


class Left(Diamond1):
    def who(self):
        return ["L"] + super().who()


class Right(Diamond1):
    def who(self):
        return ["R"] + super().who()


class Bottom(Left, Right):
    def who(self):
        return ["B"] + super().who()


class Operators:
    def __add__(self, o):
        return "add"

    def __len__(self):
        return 7

    def __bool__(self):
        return False

    def __hash__(self):
        return 99

    def __eq__(self, o):
        return self is o

    def __getitem__(self, k):
        return k

    def __call__(self):
        return "called"

    def __iter__(self):
        return iter((1, 2))

    def __contains__(self, x):
        return x == "in"

    def __enter__(self):
        return self

    def __exit__(self, *a):
        return True

    def __repr__(self):
        return "OPS"


class Unhashable:
    def __eq__(self, o):
        return True


class DocSlots:
    "documented"
    __slots__ = {"x": "the x", "y": "the y"}


class NoDict:
    __slots__ = ()


class WeakSlots:
    __slots__ = ("__weakref__", "v")


def make_local():
    class Local:
        def me(self):
            return __class__

    return Local


Local = make_local()
Local2 = make_local()
dynamic = type("Dynamic", (Base,), {"v": 1, "m": lambda self: self.v})
Duck.added_later = lambda self: "late"
Box.extra = property(lambda self: self.item)
WithMeta.more = 1
member = Color.RED
flags = Perm.R | Perm.W
box = Box[int](4)
alias = Box[int]
optional = typing.Optional[Point]
point = Point(1, [2])
frozen = Frozen(1, (2,))
order = list(vars(Operators))
subclasses = [c.__name__ for c in Base.__subclasses__()]
abstract = Shape.__abstractmethods__
ops = Operators()
by_class = {int: 1, Point: 2, Color.RED: 3}
old_registry = list(Base.registry)
meta_kinds = list(Meta.kinds)
log.clear()


class Unfinished:  # without the metaclass of abc
    pass


Unfinished.__abstractmethods__ = frozenset(["solve"])
Unfinished.kept = 1


def check():
    assert list(vars(Unfinished))[-2:] == ["__abstractmethods__", "kept"]
    try:
        raise AssertionError(Unfinished())
    except TypeError as error:
        assert "solve" in str(error)
    assert log == [], log
    assert type(WithMeta) is Meta and Meta.kinds == meta_kinds and vars(WithMeta)["label"] == "in class"
    assert WithMeta.label == "label of WithMeta" and WithMeta.more == 1
    assert Base.registry == old_registry and [c.__name__ for c in old_registry][:2] == ["B", "A"]
    assert [c.__name__ for c in Base.__subclasses__()] == subclasses, Base.__subclasses__()
    assert Registry.__subclasses__() == [R1, R2, R3] and Registry.youngest_first is R3
    assert UsesNamed.field.owner is UsesNamed and UsesNamed().field[0] == "field"
    try:
        Shape()
    except TypeError as e:
        assert "area" in str(e)
    else:
        raise AssertionError
    assert Shape.__abstractmethods__ == abstract == {"area", "name"}
    assert Square().area() == 4 and isinstance(Square(), Shape)
    assert list(Sequence2()) == [0, 1] and isinstance(Sequence2(), collections.abc.Sequence)
    match Sequence2():
        case [a, b]:
            assert (a, b) == (0, 1)
        case _:
            raise AssertionError
    assert isinstance(Duck(), collections.abc.Sized) and isinstance(DuckToo(), Shape)
    assert not isinstance(Duck(), Shape)
    assert Color.RED is member and Color(1) is member and Color["CRIMSON"] is member
    assert list(Color) == [Color.RED, Color.GREEN] and member.describe() == "RED!"
    assert flags is Perm.RW and Perm.R in flags and Num.ONE + 1 == 2 and Num(2) is Num.TWO
    assert Word.HI == "hi" and Word("hi") is Word.HI
    assert point == Point(1) and point.y == [2] and Point.Z == 9 and point < Point(2)
    assert [f.name for f in dataclasses.fields(Point)] == ["x", "y"]
    assert frozen == Frozen(1, (2,)) and hash(frozen) == hash(Frozen(1, (2,)))
    try:
        frozen.a = 2
    except dataclasses.FrozenInstanceError:
        pass
    else:
        raise AssertionError
    assert Vec(2.0) == (2.0, 1.0) and Vec._field_defaults == {"y": 1.0}
    assert Movie.__annotations__ == {"title": str} and UserId(5) == 5 and UserId.__name__ == "UserId"
    assert Box.__parameters__ == (T,) and alias.__args__ == (int,) and alias.__origin__ is Box
    assert box.item == 4 and box.extra == 4 and type(box) is Box
    assert Bounded.__bound__ is Base and Bounded.__covariant__ and Bounded.__name__ == "Bounded"
    assert optional.__args__ == (Point, type(None))
    assert Bottom().who() == ["B", "L", "R", "1"] and Bottom.__mro__[1] is Left
    assert ops + 1 == "add" and len(ops) == 7 and not ops and hash(ops) == 99 and ops[3] == 3
    assert ops() == "called" and list(ops) == [1, 2] and "in" in ops and "out" not in ops and repr(ops) == "OPS"
    with ops:
        raise ValueError
    assert list(vars(Operators)) == order
    try:
        hash(Unhashable())
    except TypeError:
        pass
    else:
        raise AssertionError
    assert DocSlots.__slots__["x"] == "the x" and DocSlots.__doc__ == "documented"
    assert not hasattr(DocSlots(), "__dict__") and not hasattr(NoDict(), "__dict__")
    import weakref

    assert weakref.ref(w := WeakSlots())() is w
    assert Local is not Local2 and Local().me() is Local and Local2().me() is Local2
    assert Local.__qualname__ == "make_local.<locals>.Local"
    assert dynamic().m() == 1 and dynamic.__mro__[1] is Base
    assert Duck().added_later() == "late"
    assert by_class == {int: 1, Point: 2, Color.RED: 3}

    class New(Base):
        pass

    assert log == ["init_subclass"] and Base.registry.pop() is New

    class Percent(string.Template):
        delimiter = "%"  # its __init_subclass__ makes the pattern

    assert Percent("%x $x").substitute(x=1) == "1 $x"
    log.clear()
    del New
    import gc

    gc.collect()
