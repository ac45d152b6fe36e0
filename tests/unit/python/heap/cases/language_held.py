# Methods, functions, exceptions and the like, with state that is easily lost.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import os
import sys
import collections
import contextvars
import dataclasses
import datetime
import enum
import functools
import types
import typing
import weakref


def hashed_in_python():
    """Containers whose keys can only be hashed when they are whole, in objects that copy what they are made of."""
    class Key:
        def __init__(self, name):
            self.name = name

        def __hash__(self):
            return hash(self.name)

        def __eq__(self, other):
            return self.name == other.name

        def __repr__(self):
            return self.name

    class Counted(collections.Counter):
        pass

    a, b = Key("a"), Key("b")
    counts, own = collections.Counter([a, a, b]), Counted([b])
    dated = collections.Counter({(datetime.date(2024, 1, 2), a): 3})

    def behave():
        counts[Key("a")] += 1
        own.update([b])
        return counts, own, dated, dated[datetime.date(2024, 1, 2), Key("a")], counts.total(), next(iter(counts)) is a
    return behave


def lru_order():
    @functools.lru_cache(maxsize=3)
    def f(x, *, y=0):
        return object()
    a = f(1)
    b = f(2)
    c = f(3, y=1)
    f(1)
    f((1, 2))

    def behave():
        return (f.cache_info(), f(1) is a, f(3, y=1) is c, f.cache_info(), f(2) is b, f.cache_info())
    return behave


def lru_typed_exc():
    calls = []

    @functools.lru_cache(typed=True)
    def f(x, y=2.0):
        calls.append(x)
        return x
    f(1)
    f(1.0)
    f(True)
    f(y=1, x=2)
    f(x=2, y=1)
    f("s")
    f(None)

    def behave():
        f(1)
        f(1.0)
        f(True)
        f(y=1, x=2)
        f(x=2, y=1)
        f("s")
        f(None)
        return (calls, f.cache_info(), f.cache_parameters())
    return behave


def builtin_method_shadow():
    class L(list):

        def append(self, x):
            list.append(self, x * 2)
    l = L()
    raw = super(L, l).append
    m = L()
    old = m.extend
    m.extend = lambda x: old([0] + x)
    d = {}
    get = d.get
    up = [].__len__

    def behave():
        raw(1)
        l.append(1)
        m.extend([5])
        return (l, m, get(1, 7), up())
    return behave


def method_wrapper_shadow():
    class A(dict):

        def __getitem__(self, k):
            return "over"
    a = A(x=1)
    g = dict.__getitem__.__get__(a)
    w = super(A, a).__repr__
    h = 5 .__add__
    e = object.__str__.__get__(a)

    def behave():
        return (g("x"), w(), h(3), type(e).__name__)
    return behave


def builtin_classmethod():
    f = dict.fromkeys
    g = int.from_bytes
    h = bytes.fromhex
    n = datetime.datetime.fromtimestamp
    m = str.maketrans

    def behave():
        return (f("ab"), g(b"\x01\x00", "big"), h("ff"), n(0, datetime.timezone.utc), m("a", "b"))
    return behave


def partial_dict():
    def f(*a, **k):
        return (a, k)
    p = functools.partial(f, 1, x=2)
    p.note = [p]
    q = functools.partial(p, y=3)

    def behave():
        return (p(5), p.note[0] is p, q(), q.func is f)
    return behave


def sns():
    n = types.SimpleNamespace(a=1)
    d = vars(n)
    n.me = n

    class S(types.SimpleNamespace):
        pass
    s = S(x=1)
    s.y = s

    def behave():
        d["b"] = 2
        return (n.b, n.me is n, s.y is s)
    return behave


def prop_doc():
    class C:

        @property
        def a(self):
            """adoc"""
            return 1
        b = property(lambda s: 2, doc="bdoc")

        @staticmethod
        def s():
            """sdoc"""
        s.__dict__ if 0 else None

        @classmethod
        def c(cls):
            return cls
    C.__dict__["s"].note = 5

    def behave():
        return (C.a.__doc__, C.b.__doc__, C.__dict__["s"].note, C.__dict__["s"].__wrapped__ is C.s,
            C.c() is C, C.__dict__["c"].__doc__)
    return behave


def func_attrs():
    def f(a, b=[1], *, c={"k": 1}) -> int:
        """d"""
        return a
    f.x = f
    f.__kwdefaults__["c"]["z"] = 2
    d = f.__defaults__
    an = f.__annotations__
    g = f.__get__(3)
    ks = f.__kwdefaults__
    fd = f.__dict__
    f.__module__ = "zz"
    f.__qualname__ = "Q.f"

    def outer():
        n = 0

        def a():
            nonlocal n
            n += 1
            return n

        def b():
            return n
        return (a, b)
    A, B = outer()
    cell = A.__closure__[0]

    def behave():
        an["b"] = str
        fd["w"] = 1
        ks["c"]["y"] = 3
        A()
        return (f.__defaults__ is d, f.__annotations__, f.w, f.__kwdefaults__, g(), B(),
            cell.cell_contents, cell is B.__closure__[0], f.__module__, f.__qualname__)
    return behave


def exc_group_etc():
    def mk():
        try:
            try:
                raise KeyError("a")
            finally:
                raise ValueError("b")
        except ValueError as e:
            e.add_note("n")
            return e
    e = mk()
    e.__cause__ = TypeError("c")
    g = ExceptionGroup("m", [e, OSError(2, "x", "f")])
    s = StopIteration(4)
    k = SystemExit([1])

    class MyE(ExceptionGroup):

        def __init__(self, *a):
            self.z = 1
    mg = MyE("q", [ValueError(1)])

    class EA(Exception):

        def __init__(self, a, b):
            self.a = a
    ea = EA(1, b=2)
    oe = FileNotFoundError(2, "no", "fn")
    oe.x = 1
    se = SyntaxError("m", ("f", 1, 2, "t", 3, 4))
    ue = UnicodeDecodeError("u8", b"x", 0, 1, "r")
    ie = ImportError("m", name="n", path="p")
    ae = AttributeError("m", name="n", obj=[1])
    ne = NameError("m", name="q")

    def behave():
        return (e.__notes__, repr(e.__context__), repr(e.__cause__), e.__suppress_context__,
            repr(g.exceptions), s.value, k.code, mg.z, mg.message, ea.a, ea.args, oe.x, str(oe),
            se.end_offset, str(ue), ie.path, ae.obj, ne.name)
    return behave


def weak():
    class T:
        pass
    t = T()
    log = []
    r1 = weakref.ref(t)
    r2 = weakref.ref(t, lambda r: log.append(1))
    r3 = weakref.ref(t, lambda r: log.append(2))
    wv = weakref.WeakValueDictionary(a=t)
    f = weakref.finalize(t, log.append, 3)
    wm = weakref.WeakMethod(t.__init__) if 0 else None
    t.self = r1
    p = weakref.proxy(t)

    class U:

        def m(self):
            return 4
    u = U()
    wm = weakref.WeakMethod(u.m)
    wk = weakref.WeakKeyDictionary({t: [t]} if 0 else {t: 1})
    ws = weakref.WeakSet([u])
    it = iter([1])
    hash(r1)

    def behave():
        nonlocal t
        a = (wm()(), r1() is t, weakref.getweakrefcount(t), r1 is weakref.ref(t), f.alive)
        del t
        return (a, log, len(wv), len(wk), len(ws), u is not None)
    return behave


def ctxvar():
    v = contextvars.ContextVar("v")
    t = v.set(1)
    t2 = v.set(2)
    c = contextvars.copy_context()
    w = contextvars.ContextVar("w", default=[1])

    def behave():
        v.reset(t2)
        a = v.get()
        return (a, c[v], t2.old_value, t.old_value is contextvars.Token.MISSING, w.get(), t2.var is v)
    return behave


def mapping_proxy():
    d = {"a": 1}
    p = types.MappingProxyType(d)
    u = types.MappingProxyType(p)

    def behave():
        d["b"] = 2
        return (dict(p), dict(u))
    return behave


def frozen_dc():
    @dataclasses.dataclass(frozen=True, slots=True, order=True)
    class P:
        x: int
        y: list = dataclasses.field(default_factory=list)

    class E(enum.Flag):
        A = 1
        B = 2

    class I(enum.IntEnum):
        X = 1

    class S(enum.StrEnum):
        Q = "q"

    @functools.total_ordering
    class TO:

        def __init__(s, v):
            s.v = v

        def __lt__(s, o):
            return s.v < o.v

        def __eq__(s, o):
            return s.v == o.v
    p = P(1, [2])
    e = E.A | E.B
    d = {P(3, ()): 1}
    s = I.X
    x = TO(1)

    def behave():
        return (p, e is E.A | E.B, e in E, d[P(3, ())], s is I.X, x >= TO(1), E(3) is e,
            dataclasses.replace(p, x=5), S("q") is S.Q)
    return behave


def generic():
    T = typing.TypeVar("T")
    A = list[T]
    B = A[int]
    U = int | str
    O = typing.Optional[int]
    C = typing.Callable[[int], str]
    it = iter(typing.Unpack[tuple[int]]) if 0 else None
    P = typing.ParamSpec("P")
    NT = typing.NamedTuple("NT", [("a", int)])
    TD = typing.TypedDict("TD", {"a": int})
    N = typing.NewType("N", int)

    def behave():
        return (B, U, O, C, A.__parameters__[0] is T, NT(1), TD(a=1), N(3), P.args.__origin__ is P)
    return behave


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from held import Held  # noqa: E402

check = Held(globals()).check
