# State of numpy beside its arrays: random generators, settings, dtypes, functions.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import os
import sys
import struct

try:
    import numpy as np
    from numpy.polynomial import Polynomial, Chebyshev
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")


def bitgens():
    gs = [np.random.Generator(B(3)) for B in (np.random.PCG64, np.random.PCG64DXSM, np.random.SFC64,
        np.random.Philox, np.random.MT19937)]
    for g in gs:
        g.integers(0, 5, dtype=np.int32)
        g.random(3)
        g.integers(0, 5, dtype=np.int16, size=3)
        g.standard_normal(3)

    def behave():
        return [(g.integers(0, 1000, dtype=np.int32), g.integers(0, 100, dtype=np.uint8,
            size=3).tolist(), g.random(), g.normal()) for g in gs]
    return behave


def seedseq():
    ss = np.random.SeedSequence(5)
    ss.spawn(2)
    g = np.random.default_rng(ss)
    h = np.random.default_rng(6)
    h.bit_generator._seed_seq.spawn(1)

    def behave():
        return (ss.spawn(1)[0].generate_state(2).tolist(), ss.n_children_spawned,
            g.bit_generator._seed_seq is ss,
            h.bit_generator._seed_seq.spawn(1)[0].generate_state(1).tolist())
    return behave


def jumped():
    b = np.random.PCG64(5)
    j = b.jumped()
    r = np.random.RandomState(np.random.PCG64(4))
    r.normal()
    m = np.random.MT19937(3)
    s = np.random.RandomState(m)
    t = np.random.Generator(m)
    s.standard_normal()

    def behave():
        return (b.random_raw(), j.random_raw(), r.normal(), r.rand(), s.standard_normal(), t.random(),
            s.rand())
    return behave


def types_without_a_name():
    types = [c for c in np.dtype.__subclasses__() if c.__name__.startswith("_")]

    def behave():
        return [(c.__name__, c in np.dtype.__subclasses__()) for c in types]
    return behave


def what_dispatchers_call():
    inner = [f._implementation for f in (np.may_share_memory, np.dot) if hasattr(f, "_implementation")]
    return lambda: [f(np.ones(2), np.ones(2)) for f in inner]


def global_other():
    np.random.seed(3)
    np.random.set_bit_generator(np.random.PCG64(9)) if hasattr(np.random, "set_bit_generator") else None
    np.random.normal()

    def behave():
        return (np.random.normal(), np.random.rand())
    return behave


def err():
    calls = []

    def h(a, b):
        calls.append(a)
    np.seterr(all="call")
    np.seterrcall(h)
    np.setbufsize(16000)

    def behave():
        np.float64(1) / np.float64(0)
        return (calls, np.geterr(), np.getbufsize(), np.geterrcall() is h)
    return behave


def print():
    np.set_printoptions(precision=2, suppress=True, formatter={"int": lambda x: "<%d>" % x},
        linewidth=33, sign="+")

    def behave():
        return (str(np.arange(3)), str(np.arange(20.0) / 3))
    return behave


def frompyfunc():
    f = np.frompyfunc(lambda a, b: a + b, 2, 1)
    v = np.vectorize(lambda x: x * 2, otypes=[float])
    v([1, 2])

    class V:
        w = np.vectorize(lambda s, x: x + 1, otypes="d")

    def behave():
        return (f([1], [2]).tolist(), v([3]).tolist(), V.w(1, [2]).tolist(), f.reduce([1, 2, 3]), f.nin)
    return behave


def poly():
    p = np.poly1d([1, 2, 3], variable="t")
    q = Polynomial([1, 2], domain=[0, 5])
    c = Chebyshev([1, 2])

    def behave():
        return (str(p), p.roots.tolist(), q(3), q.domain.tolist(), c(0.5))
    return behave


def dtype_meta():
    d = np.dtype("f8", metadata={"u": "m"})
    a = np.zeros(2, d)
    t = np.dtype({"names": ["a", "b"], "formats": ["i4", "f8"], "offsets": [4, 16], "itemsize": 32,
        "titles": ["A", "B"]})
    s = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    sub = np.dtype(("f8", (2,)))
    b = np.zeros(3, t)
    dd = [np.dtype("M8[10s]"), np.dtype("U"), np.dtype("S0"), np.dtype("O"), np.dtype((np.record, [("x",
        "f4")])), np.dtype("V5"), np.dtype("f8").newbyteorder()]

    def behave():
        return (d.metadata, a.dtype.metadata, t, s, s.isalignedstruct, sub, b.dtype, dd,
            [x.type.__name__ for x in dd])
    return behave


def nan_payload():
    x = float(np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\x7f")[0])
    a = np.array([x])
    s = np.float64(x)

    def behave():
        return (struct.pack("<d", x), a.tobytes(), s.tobytes())
    return behave


def scalar_misc():
    s = [np.longdouble(1) / 3, np.clongdouble(1j), np.float16(2), np.timedelta64(3, "h"),
        np.datetime64("NaT"), np.void(b"abc"), np.str_("é"), np.bytes_(b"q"), np.object_([1])]

    def behave():
        return (s, [type(x).__name__ for x in s])
    return behave


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from held import Held  # noqa: E402

check = Held(globals()).check
