# SPDX-License-Identifier: BSD-3-Clause
"""numpy"""
import ctypes
import mmap
import tempfile

import numpy as np


def views():
    """arrays and views that share memory, structured, in any order, read-only, of objects | exact"""
    base = np.arange(24.0).reshape(2, 3, 4)
    part, turned, flat = base[1, ::2], base.T, base.ravel()
    fields = np.zeros(3, [("a", "i4"), ("b", "f8", (2,))])
    column, record = fields["b"], fields[1]
    things = np.array([[1], "x", None], dtype=object)
    things[2] = things
    frozen = np.arange(3)
    frozen.flags.writeable = False
    half = np.frombuffer(bytearray(b"01234567"), np.uint16)
    yield
    base[1, 0, 1] = -1
    column[0] = 7
    record["a"] = 5
    return part, turned[1, 0, 1], flat[13], fields, things[2] is things, frozen.flags.writeable, half


def masked():
    """masked arrays, matrix, recarray, chararray | exact"""
    array = np.ma.array([1.0, 2, 3], mask=[0, 1, 0])
    part, matrix = array[1:], np.matrix([[1, 2], [3, 4]])
    records = np.rec.array([(1, "a"), (2, "b")], names="n,t")
    rows = np.ma.array([(1, 2), (3, 4)], dtype=[("a", int), ("b", int)], mask=[(0, 1), (0, 0)])
    masked_record = rows[0]
    yield
    array[1] = 9
    masked_record["a"] = 7
    return part, array.mask, matrix * matrix, records.t, records[1].n, rows, masked_record


def generators():
    """numpy.random: every Generator, RandomState and the global one, SeedSequence | exact"""
    kinds = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]
    made = [np.random.Generator(kind(5)) for kind in kinds]
    legacy, seeds = np.random.RandomState(3), np.random.SeedSequence(7)
    children = seeds.spawn(2)
    first = [one.normal() for one in made], legacy.normal(), np.random.seed(4), np.random.random()
    for one in made:
        one.integers(0, 9, dtype=np.int32)
    yield
    return [(one.normal(), one.integers(0, 99, dtype=np.int32)) for one in made], legacy.normal(), np.random.random(), (
        seeds.spawn(1)[0].generate_state(1), children[1].generate_state(2), first[0][0])


def settings():
    """errstate and printoptions half-way, error handlers, ufuncs | exact"""
    twice = np.frompyfunc(lambda x: 2 * x, 1, 1)
    with np.errstate(divide="ignore", over="raise"), np.printoptions(precision=3):
        yield
        shown = str(np.array([1 / 3])), np.geterr()["divide"], np.array([1.0]) / 0
    return shown, np.geterr()["divide"], str(np.array([1 / 3])), twice(np.arange(3)), np.add.reduce([1, 2])


def iterators():
    """array.flat, ndenumerate, ndindex, broadcast half-way | exact"""
    array = np.arange(6).reshape(2, 3)
    flat, counted, index, pairs = array.flat, np.ndenumerate(array), np.ndindex(2, 2), np.broadcast(array, [1, 2, 3])
    next(flat), next(counted), next(index), next(pairs)
    yield
    array[1, 2] = 99
    return list(flat), list(counted), list(index), list(pairs)


def nditers():
    """numpy.nditer half-way, with what it has given: any number of arrays, indices, order, external loop | exact"""
    array = np.arange(6).reshape(2, 3)
    walk = np.nditer(array, flags=["multi_index"], op_flags=["readwrite"], order="F")
    x = next(walk)
    rows = np.nditer(array[:, :2], flags=["external_loop"])
    next(rows)
    yield
    x[...] = 7
    return [(walk.multi_index, int(y)) for y in walk], array, [r.tolist() for r in rows]


def mapped():
    """numpy.memmap, also of a file without a name, and arrays on an mmap | exact"""
    disk = np.memmap("disk", np.int32, "w+", shape=(4, 4))
    disk[1] = 7
    part = disk[1:3]
    np.arange(4).tofile("read")
    modes = [np.memmap("read", int, mode) for mode in ("r", "c", "r+")]
    modes[1][0] = 8
    memory = mmap.mmap(-1, 4096)
    above = np.frombuffer(memory, np.int64)
    above[3] = 5
    unnamed = np.memmap(tempfile.TemporaryFile(), np.int32, "w+", shape=(4, 4))
    unnamed[1] = 7
    rows, copied = unnamed[1:3], unnamed[1:3].copy()
    yield
    disk[2] = 8
    above[4] = 6
    modes[2][1] = 9
    unnamed[2] = 9
    return (part.sum(), np.fromfile("disk", np.int32).sum(), memory[24:40], rows.sum(), rows.mode, copied,
            unnamed._mmap[16:20], type(rows) is type(copied) is np.memmap, [m.tolist() for m in modes])


def with_ctypes():
    """numpy.ctypeslib and array.ctypes: arrays and ctypes objects in one memory | exact"""
    array, data = np.arange(6.0), (ctypes.c_int * 4)(1, 2, 3, 4)
    pointer, shown = array[2:].ctypes.data_as(ctypes.POINTER(ctypes.c_double)), np.ctypeslib.as_ctypes(array)
    over, through = np.ctypeslib.as_array(data), np.ctypeslib.as_array(pointer, (3,))
    address = ctypes.c_void_p(array.ctypes.data)
    kind = np.ctypeslib.ndpointer(dtype=float, ndim=1)
    yield
    pointer[0], shown[1], over[3], through[2] = 20, 10, 40, 50
    cast = ctypes.cast(address, ctypes.POINTER(ctypes.c_double))
    return array, list(data), cast[1], kind is np.ctypeslib.ndpointer(dtype=float, ndim=1), kind.__name__


def types():
    """dtypes, scalars, datetime64, polynomials, vectorize | exact"""
    kind = np.dtype([("a", "<i2"), ("b", "S3")], align=True)
    values = np.float32(1.5), np.datetime64("2024-01-02"), np.bool_(True), np.longdouble("1.1")
    fit, apply = np.polynomial.Polynomial([1, 2, 3]), np.vectorize(lambda a: a + 1, otypes=[float])
    old = np.poly1d([1, 2, 3])
    yield
    return kind, kind.itemsize, values, fit(2), apply([1, 2]), old(2), old.deriv()


def buffered_nditers():
    """numpy.nditer with buffers, nested or with op_axes, half-way | refused | a numpy.nditer with buffers"""
    walk = np.nditer(np.arange(4), flags=["buffered"], op_dtypes=[float])
    next(walk)
    yield
    return [float(x) for x in walk]
