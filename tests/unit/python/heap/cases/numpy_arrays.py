# numpy arrays: owners, views, odd dtypes, subclasses, generators.
try:
    import numpy as np
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")

import copyreg


class Registered:
    pass


# numpy itself registers its metaclass, which no name leads to.
copyreg.pickle(Registered, lambda x: (Registered, ()))
metaclass = type(np.dtype)

small, big = np.arange(10), np.arange(10000, dtype="f8").reshape(100, 100)
fortran = np.asfortranarray(np.arange(600.0).reshape(20, 30))
row, column, reverse, transposed, strided = big[3], big[:, 4], big[::-1], big.T, big[::2, 1::3]
fortran_view = fortran[2:5]
zero_d, empty = np.array(5), np.zeros((0, 3))
permuted = np.arange(4000.0).reshape(10, 20, 20).transpose(2, 0, 1).copy(order="K")
readonly = np.arange(500)
readonly.flags.writeable = False
kinds = [np.array([True, False]), np.array([1 + 2j, 3]), np.array(["ab", "c"]), np.array([b"x", b"yz"]),
         np.array(["2020-01-01"], "M8[D]"), np.array([5], "m8[s]"), np.arange(3, dtype=">i4"), np.zeros(300, "f2"),
         np.zeros(400, dtype="M8[ns]")]
structured = np.zeros(200, dtype=[("a", "i4"), ("b", "f8", (2,)), ("c", "U3")])
structured["a"] = range(200)
field = structured["a"]
record = structured.view(np.recarray)
objects = np.array([[1, "a"], [None, [1]]], dtype=object)
objects[0, 0] = objects
object_view = objects[1]
bool_big = np.ones(5000, bool)


class Tagged(np.ndarray):
    def __array_finalize__(self, o):
        self.tag = getattr(o, "tag", "new")

    def __reduce__(self):
        raise AssertionError


tagged = np.arange(300.0).view(Tagged)
tagged.tag = "mine"
matrix = np.matrix([[1, 2], [3, 4]])
masked = np.ma.array([1, 2, 3], mask=[0, 1, 0])
scalars = [np.float64(1.5), np.int32(3), np.bool_(True), np.str_("s"), np.datetime64("2020-01-01"), np.complex64(1j)]
long_longs = [np.longlong(3), np.ulonglong(4), np.zeros(500, "q")[2], np.zeros(3, "Q"), np.zeros(500, ">q"), np.dtype("q"),
              np.zeros(2, [("a", "q"), ("b", ">Q", (2,)), ("c", "l")])["b"], np.dtype("q", metadata={"a": 1})]
long_types = [(type(one), getattr(one, "dtype", one).str, getattr(one, "dtype", one).char) for one in long_longs]
dtypes = [np.dtype("f8"), np.dtype([("x", "i4")]), np.dtype(">i2")]
functions = [np.add, np.sin, np.linalg.norm, np.float64, np.ndarray, np.newaxis]
vectorized = np.vectorize(lambda x: x + 1)
generator = np.random.default_rng(5)
generator.random(3)
twin = np.random.Generator(generator.bit_generator)
legacy = np.random.RandomState(4)
legacy.normal()  # the second Gaussian of the pair is kept
legacy_peer = np.random.RandomState(4)
expected_legacy = [legacy_peer.normal(), legacy_peer.normal(), legacy_peer.rand()][1:]
np.random.seed(11)
np.random.rand(2)
np.random.normal()
copy = np.random.RandomState()
copy.set_state(np.random.get_state())
expected = [copy.normal(), copy.rand()]
peer = np.random.default_rng(5)
peer.random(3)
expected_generator = [peer.random(), peer.random()]
buffer = bytearray(64)
over_buffer = np.frombuffer(buffer, dtype="i4")
flat, iterator, poly = big.flat, np.nditer(np.arange(3)), np.poly1d([1, 2])
nans = np.array([np.nan, np.inf, -0.0])
same = [big, big]
matrices = {"w": np.eye(50), "b": np.zeros(50)}
matrices["view"] = matrices["w"][0]
resizable = np.arange(400)
np.set_printoptions(precision=3)
np.seterr(divide="raise")
del flat, iterator
big_sum = big.sum()
ran = []
of_dtypes = {kind: type(np.dtype(kind)) for kind in ("f8", "U3", "V4", "M8[s]", "O")}


def check():
    assert [(type(one), getattr(one, "dtype", one).str, getattr(one, "dtype", one).char)
            for one in long_longs[:-1]] == long_types[:-1], long_types
    assert long_longs[5] is np.dtype("q") and long_longs[-1].metadata == {"a": 1}
    assert all(type(np.dtype(kind)) is made for kind, made in of_dtypes.items())
    assert metaclass is type(np.dtype) and metaclass in copyreg.dispatch_table
    assert Registered in copyreg.dispatch_table
    assert small.tolist() == list(range(10)) and big.sum() == big_sum and big.shape == (100, 100)
    assert big.flags.owndata is (big.base is None)
    assert fortran.flags.f_contiguous and not fortran.flags.c_contiguous and fortran[1, 2] == 32
    big[3, 4] = -1
    assert row[4] == -1 and column[3] == -1 and reverse[-4, 4] == -1 and transposed[4, 3] == -1
    big[2, 4] = -2
    assert strided[1, 1] == -2 and strided.strides == (1600, 24)
    big[3, 4], big[2, 4] = 304, 204
    fortran[2, 0] = -3
    assert fortran_view[0, 0] == -3
    fortran[2, 0] = 60
    assert zero_d == 5 and zero_d.shape == () and empty.shape == (0, 3)
    assert permuted.shape == (20, 10, 20) and permuted[1, 2, 3] == np.arange(4000.0).reshape(10, 20, 20).transpose(2, 0, 1)[1, 2, 3]
    assert not readonly.flags.writeable and readonly[-1] == 499
    assert [k.dtype.str for k in kinds] == ["|b1", "<c16", "<U2", "|S2", "<M8[D]", "<m8[s]", ">i4", "<f2", "<M8[ns]"]
    assert kinds[1][0] == 1 + 2j and kinds[2][0] == "ab" and kinds[4][0] == np.datetime64("2020-01-01")
    assert structured["a"][5] == 5 and structured.dtype.names == ("a", "b", "c")
    field[7] = 99
    assert structured[7]["a"] == 99 and record.a[7] == 99
    field[7] = 7
    assert objects[0, 0] is objects and objects[1, 1] == [1]
    objects[1, 0] = "changed"
    assert object_view[0] == "changed"
    objects[1, 0] = None
    assert bool_big.all() and type(tagged) is Tagged and tagged.tag == "mine" and tagged[-1] == 299
    assert type(matrix) is np.matrix and (matrix * matrix)[0, 0] == 7 and masked.sum() == 4
    assert [type(s) for s in scalars] == [np.float64, np.int32, np.bool_, np.str_, np.datetime64, np.complex64]
    assert dtypes[0] is np.dtype("f8") and dtypes[1].names == ("x",) and dtypes[2].str == ">i2"
    assert functions[0] is np.add and functions[2] is np.linalg.norm and functions[3] is np.float64
    assert vectorized([1, 2]).tolist() == [2, 3] and poly(2) == 4
    assert np.isnan(nans[0]) and np.signbit(nans[2]) and same[0] is same[1] is big
    matrices["w"][0, 0] = 4
    assert matrices["view"][0] == 4
    matrices["w"][0, 0] = 1
    over_buffer[0] = 7
    assert buffer[0] == 7
    over_buffer[0] = 0
    assert np.get_printoptions()["precision"] == 3 and np.geterr()["divide"] == "raise"
    ran.append(1)
    if len(ran) < 2:  # what can be asked once only: after saving, and after loading
        return
    assert [np.random.normal(), np.random.rand()] == expected
    assert [generator.random(), twin.random()] == expected_generator
    assert [legacy.normal(), legacy.rand()] == expected_legacy
    assert resizable.flags.owndata
    resizable.resize(10, refcheck=False)
