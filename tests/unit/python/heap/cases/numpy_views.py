# numpy objects that share memory, or that remember where they are.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import sys
import array
import os
import tempfile

try:
    import numpy as np
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")


def void_view():
    a = np.zeros(5, dtype=[("x", "f8"), ("y", "i4")])
    r = a[2]
    rec = np.rec.array(a)
    q = rec[1]

    def behave():
        r["x"] = 7
        q["y"] = 3
        return (a.tolist(), r.item(), rec.tolist(), type(q).__name__)
    return behave


def of_library():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import measured
    m = measured.measured(np.arange(600.0), ["km"])
    v, plain = m[2:5], m.view(np.ndarray)

    def behave():
        m[3] = 99
        m.unit.append("h")
        return (v.tolist(), v.unit, v.unit is m.unit, plain[3], type(v).__name__, list(vars(m)), list(vars(v)))
    return behave


def masked():
    m = np.ma.array(np.arange(6.0), mask=[0, 1, 0, 0, 1, 0], fill_value=-7, hard_mask=True)
    v = m[1:4]
    d = m.data
    s = np.ma.array([1, 2, 3])
    t = np.ma.array([1, 2, 3], mask=False, shrink=False)
    w = m.mask

    def behave():
        m[2] = 55
        d[3] = 66
        return (v.tolist(), m.fill_value, m.hardmask, m.sharedmask, s.mask is np.ma.nomask, m.tolist(),
            m.filled().tolist(), v.sharedmask, d[2])
    return behave


def masked_setmask():
    m = np.ma.array(np.arange(6.0))
    v = m[1:4]
    m[0] = np.ma.masked
    x = np.ma.masked
    k = m.mask

    def behave():
        k[3] = True
        return (m.tolist(), v.tolist(), x is np.ma.masked, m[0] is np.ma.masked)
    return behave


def masked_struct():
    m = np.ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (0, 0)], dtype=[("a", int), ("b", float)])
    f = m["b"]
    mv = m[0]

    def behave():
        m["b"][1] = 9.0
        return (f.tolist(), m.tolist(), mv.tolist(), type(mv).__name__)
    return behave


def ma_extra():
    m = np.ma.masked_where(np.arange(4) > 2, np.arange(4))
    m.note = "x"
    mm = np.ma.masked_array(np.arange(4), mask=[1, 0, 0, 0])
    c = mm.copy()
    k = mm.view(np.ndarray)
    mm.soften_mask()
    z = np.ma.zeros(3)
    z.mask = [0, 0, 1]
    base = np.arange(5)
    sh = np.ma.array(base, copy=False)
    sh[0] = np.ma.masked
    e = np.ma.extras

    def behave():
        mm[0] = 7
        base[2] = 33
        return (m.tolist(), m.note, mm.tolist(), k.tolist(), c.tolist(), z.tolist(), sh.tolist(),
            m.fill_value, z.sharedmask, mm.sharedmask, mm.hardmask)
    return behave


def sliding():
    x = np.arange(8.0)
    w = np.lib.stride_tricks.sliding_window_view(x, 3)
    s = np.lib.stride_tricks.as_strided(x, (3, 2), (16, 8))
    b = np.broadcast_to(x, (2, 8))

    def behave():
        x[2] = 99
        return (w.tolist(), s.tolist(), b.tolist(), w.flags.writeable, b.flags.writeable, b.strides)
    return behave


def broadcast_arrays():
    x = np.arange(3.0)
    y = np.arange(2.0)[:, None]
    a, b = np.broadcast_arrays(x, y)
    X, Y = np.meshgrid(x, np.arange(2.0), copy=False)
    ix = np.ix_([0, 1], [2])

    def behave():
        x[0] = 5
        return (a.tolist(), b.tolist(), X.tolist(), [i.tolist() for i in ix])
    return behave


def objects_struct():
    a = np.zeros(4, dtype=[("n", "i4"), ("o", "O")])
    a["o"] = [[1], [2], [3], [4]]
    o = a["o"]
    s = a[1:3]
    n = a["n"]

    def behave():
        a["o"][2] = "new"
        a["n"][1] = 8
        return (o.tolist(), s.tolist(), n.tolist(), a.tolist())
    return behave


def objects_views():
    a = np.array([[1, "a", None], [2, [3], "b"]], dtype=object)
    t = a.T
    r = a[::-1, 1]
    ro = a[1]
    ro.flags.writeable = False

    class T(np.ndarray):
        pass
    v = a.view(T)
    v.tag = 5
    d = np.diagonal(a[:, :2])

    def behave():
        a[1, 1] = "n"
        return (t.tolist(), r.tolist(), ro.flags.writeable, type(v).__name__, v.tag, v.tolist(),
            ro.tolist())
    return behave


def memmap():
    d = tempfile.mkdtemp()
    p = os.path.join(d, "m")
    m = np.memmap(p, dtype="f8", mode="w+", shape=(4, 3), offset=16)
    m[:] = 1
    s = m[1:3]
    row = m[0]
    c = np.memmap(p, dtype="f8", mode="c", offset=16, shape=(4, 3))
    c[0] = 5
    r = np.memmap(p, dtype="f8", mode="r", offset=16)

    def behave():
        m[2, 1] = 44
        m.flush()
        return (s.tolist(), m.offset, m.mode, type(s).__name__, s.offset, c.tolist(), r[7], row.tolist(),
            r.flags.writeable, os.path.basename(str(m.filename)))
    return behave


def flat():
    a = np.arange(6.0).reshape(2, 3)
    f = a.flat
    next(f)
    next(f)
    e = np.ndenumerate(a)
    next(e)
    i = np.ndindex(2, 2)
    next(i)
    b = iter(a)
    next(b)

    def behave():
        a[0, 2] = 50
        return (f.index, f.coords, list(f), list(e), list(i), [x.tolist() for x in b])
    return behave


def ndindex0():
    i = np.ndindex(2, 2)
    j = np.ndindex(3)
    list(j)
    k = np.ndindex()
    z = np.ndindex(0, 2)

    def behave():
        return (list(i), list(j), list(k), list(z))
    return behave


def struct_views():
    a = np.zeros(6, dtype=[("x", "f8"), ("y", "f8", (2,))])
    m = a[["x"]]
    y = a["y"][:, 1]
    f = a.view("f8").reshape(6, 3)
    rv = a.view(np.recarray)
    h = a[::-1]["x"]

    def behave():
        a["x"][1] = 4
        a["y"][2, 1] = 5
        return (m.tolist(), y.tolist(), f.tolist(), rv.x.tolist(), type(rv).__name__, h.tolist())
    return behave


def reim():
    z = np.zeros(3, complex)
    r = z.real
    i = z.imag
    b = z.view("u1")

    def behave():
        z[1] = 2 + 3j
        r[0] = 9
        return (r.tolist(), i.tolist(), z.tolist(), int(b.sum()))
    return behave


def base():
    a = np.arange(10)
    v = a[2:5]
    w = v[1:]
    x = np.arange(6).reshape(2, 3)
    y = x.T

    def behave():
        return (v.base is a, w.base is a, x.base is not None, y.base is x.base, a.base is None,
            x.flags.owndata)
    return behave


def nonwrite_frombuffer():
    f = np.frombuffer(b"\x01\x02\x03\x04", dtype="u1")
    ar = array.array("d", [1, 2, 3])
    g = np.frombuffer(ar)
    ba = bytearray(16)
    k = np.frombuffer(ba, "f8")
    mv = memoryview(ba)
    l = np.asarray(mv)
    o = np.frombuffer(memoryview(ba)[8:], "u1")

    def behave():
        g[0] = 7
        k[1] = 3
        return (f.flags.writeable, ar.tolist(), l.tolist(), o.tolist(), f.tolist())
    return behave


def F_views():
    a = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    b = a[:, 1]
    c = a[1:, ::2]
    p = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2).copy("K")
    q = p[1]

    def behave():
        a[1, 2] = 99
        p[1, 1, 1] = 77
        return (b.tolist(), c.tolist(), q.tolist(), p.strides, a.flags.f_contiguous)
    return behave


def chararray():
    c = np.char.array(["ab", "c"])
    m = np.matrix([[1, 2], [3, 4]])
    mr = m[0]
    A = m.A

    def behave():
        m[0, 1] = 9
        return (c.upper().tolist(), mr.tolist(), A.tolist(), (m * m).tolist())
    return behave


def memview():
    a = np.arange(4.0)
    m = a.data
    n = memoryview(a)

    def behave():
        a[1] = 8
        return (m.tolist(), n.tolist(), m.format)
    return behave


def mv_numpy():
    a = np.arange(12.0).reshape(3, 4)
    m = memoryview(a)
    n = memoryview(np.arange(5, dtype=">i4"))
    p = memoryview(a)[1:3]

    def behave():
        a[1, 1] = 99
        return (m.tolist(), m.format, m.shape, n.format, n.nbytes, p.tolist(), p.shape)
    return behave


def mv_bigendian_slice():
    n = memoryview(np.arange(5, dtype=">i4"))[1:3]

    def behave():
        return (n.format, n.nbytes, bytes(n))
    return behave


def nditers():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    plain, fresh, over = np.nditer(a), np.nditer(a.T[1:]), np.nditer(b)
    next(plain), list(over)
    writing = np.nditer(a, flags=["multi_index"], op_flags=["readwrite"], order="F")
    x = [next(writing), next(writing)][1]
    shown = x[None]
    by_hand = np.nditer(a[:, ::-1], flags=["f_index"])
    by_hand.iternext(), by_hand.iternext()
    columns = np.nditer(a, flags=["c_index"], order="F")
    next(columns)
    rows = np.nditer(a[:, :2], flags=["external_loop"])
    row = next(rows)
    several = np.nditer([a, b, None], op_flags=[["readonly"], ["readonly"], ["writeonly", "allocate"]])
    several.operands[2][...] = 0
    two = [next(several), next(several)][1]
    ranged = np.nditer(np.arange(20), flags=["ranged"])
    ranged.iterrange = (4, 9)
    next(ranged)
    closed = np.nditer(b)
    closed.close()
    pairs = np.broadcast(a, b)
    next(pairs), next(pairs)

    def behave():
        x[...] = 77
        shown[0] += 1
        a[1, 2] = -5
        two[2][...] = two[0] + two[1]
        for p, q, r in several:
            r[...] = p * q
        seen = by_hand.index, by_hand.value.item(), writing.multi_index, columns.index, writing.iterindex
        rest = [int(v) for v in by_hand], [(columns.index, int(v)) for v in columns]
        try:
            closed.operands
        except ValueError:
            invalid = True
        return (a.tolist(), [int(v) for v in plain], [int(v) for v in fresh], [int(v) for v in over], seen, rest, row.tolist(),
            [v.tolist() for v in rows], several.operands[2].tolist(), [int(v) for v in ranged], invalid, list(pairs),
            [(writing.multi_index, int(v)) for v in writing], writing.operands[0] is a, x.base is writing, x.flags.writeable)
    return behave


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from held import Held  # noqa: E402

check = Held(globals()).check
