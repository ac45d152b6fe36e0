# Iterators, generators, coroutines in every state.
import array
import collections
import itertools
import operator
import sys
import types


def keep(*made):
    return list(made)


d = {"a": 1, "b": 2, "c": 3, "d": 4}
del d["a"]
dict_iters = keep(iter(d), iter(d.values()), iter(d.items()), reversed(d), iter(d.keys()))
for it in dict_iters:
    next(it)
views = keep(d.keys(), d.values(), d.items())
od = collections.OrderedDict(x=1, y=2)
od_views = keep(od.keys(), od.values(), od.items())
listed = [1, 2, 3, 4]
iters = {
    "list": iter(listed), "rlist": reversed(listed), "tuple": iter((1, 2, 3)), "str": iter("abc"),
    "bytes": iter(b"abc"), "bytearray": iter(bytearray(b"abc")), "range": iter(range(3)),
    "longrange": iter(range(2**70, 2**70 + 3)), "set": iter({1, 2, 3}), "enum": enumerate("abc", 5),
    "zip": zip([1, 2, 3], "abc"), "map": map(str, [1, 2, 3]), "filter": filter(None, [1, 0, 2, 3]),
    "deque": iter(collections.deque([1, 2, 3])), "count": itertools.count(3, 2),
    "cycle": itertools.cycle([1, 2, 3]), "chain": itertools.chain([1, 2], [3, 4]),
    "islice": itertools.islice([1, 2, 3, 4], 1, 4), "repeat": itertools.repeat(7, 3),
    "accumulate": itertools.accumulate([1, 2, 3]), "product": itertools.product([1, 2], repeat=2),
    "perm": itertools.permutations([1, 2, 3], 2), "comb": itertools.combinations([1, 2, 3], 2),
    "takewhile": itertools.takewhile(lambda x: x < 3, [1, 2, 3]), "pairwise": itertools.pairwise([1, 2, 3, 4]),
    "zip_longest": itertools.zip_longest([1, 2], [3]), "starmap": itertools.starmap(pow, [(2, 3), (3, 2)]),
    "compress": itertools.compress("abcd", [1, 0, 1, 1]),
    "callable": iter(lambda values=[1, 2, 3, 0]: values.pop(0), 0),
    "groupby": itertools.groupby([1, 1, 2, 2]),
    "chain_from": itertools.chain.from_iterable([[1, 2], [3]]),
    "chunks": iter(memoryview(b"abc")),
}
if not hasattr(iters["chunks"], "__reduce__") or type(iters["chunks"]).__name__ == "memory_iterator":
    del iters["chunks"]
if hasattr(itertools, "batched"):  # 3.12 on
    iters["batched"] = itertools.batched("abcde", 2)
    iters["batched_done"] = itertools.batched("ab", 2)
if sys.version_info >= (3, 13):
    iters["batched_strict"] = itertools.batched("abcde", 2, strict=True)
expected = {}
for name, it in iters.items():
    next(it)


class Squares:
    def __getitem__(self, at):
        return [0, 1, 4][at]


ended = {
    "iterator": iter(Squares()), "callable_iterator": iter(lambda: 1, 1), "bytes_iterator": iter(b"ab"),
    "bytearray_iterator": iter(bytearray(b"ab")), "str_ascii_iterator": iter("ab"), "str_iterator": iter("é"),
    "arrayiterator": iter(array.array("i", [1])), "tuple_iterator": iter((1,)), "list_iterator": iter([1]),
    "dict_keyiterator": iter({1: 2}), "set_iterator": iter({1}), "range_iterator": iter(range(1)),
}
started_again = iter("")
if type(iter("")).__name__ == "str_iterator":
    del ended["str_ascii_iterator"]
for it in ended.values():
    list(it)
tee1, tee2 = itertools.tee([1, 2, 3])
next(tee1)


def gen(n):
    for i in range(n):
        got = yield i
        if got:
            yield "got " + got


def delegating():
    result = yield from inner_gen()
    yield "after " + result


def inner_gen():
    try:
        yield 1
        yield 2
    finally:
        events.append("finally")
    return "inner"


def handling():
    try:
        raise ValueError("kept")
    except ValueError as e:
        yield str(e)
        try:
            raise
        except ValueError as again:
            yield again is e


class Loop:
    def __iter__(self):
        for x in "ab":
            yield x, self


async def coro():
    await Waiter()
    return "done"


class Waiter:
    def __await__(self):
        yield "waiting"


async def agen():
    yield 1
    yield 2


events = []
fresh, started, finished, delegated, handled = gen(3), gen(3), gen(1), delegating(), handling()
next(started)
list(finished)
next(delegated)
next(handled)
loop = iter(Loop())
next(loop)
genexpr = (x * y for x in [1, 2] for y in [10, 20])
next(genexpr)
coroutine = coro()
coroutine.send(None)
async_gen = agen()
closed = gen(2)
next(closed)
closed.close()
frame = started.gi_frame
frame.f_trace_lines = False
if sys.version_info >= (3, 13):
    frame.f_locals["extra"] = "kept"
self_ref = None


def self_gen():
    yield self_ref


self_ref = self_gen()
renamed = gen(2)
renamed.__name__ = "renamed"
snapshot_of = lambda it: it


def rest():
    return {
        "list": [2, 3, 4], "rlist": [3, 2, 1], "tuple": [2, 3], "str": ["b", "c"], "bytes": [98, 99],
        "bytearray": [98, 99], "range": [1, 2], "longrange": [2**70 + 1, 2**70 + 2],
        "enum": [(6, "b"), (7, "c")], "zip": [(2, "b"), (3, "c")], "map": ["2", "3"], "filter": [2, 3],
        "deque": [2, 3], "chain": [2, 3, 4], "islice": [3, 4], "repeat": [7, 7], "accumulate": [3, 6],
        "product": [(1, 2), (2, 1), (2, 2)], "perm": [(1, 3), (2, 1), (2, 3), (3, 1), (3, 2)],
        "comb": [(1, 3), (2, 3)], "takewhile": [2], "pairwise": [(2, 3), (3, 4)],
        "zip_longest": [(2, None)], "starmap": [9], "compress": ["c", "d"], "callable": [2, 3],
        "chain_from": [2, 3],
    }


ran = []


def check():
    # Consuming is only possible once: in the process that loaded.
    ran.append(1)
    if len(ran) < 2:  # what can be asked once only: after saving, and after loading
        return
    for name, it in ended.items():
        assert type(it).__name__ == name and list(it) == [], (name, it)
    assert operator.length_hint(ended["callable_iterator"], -1) == -1
    assert operator.length_hint(ended["iterator"], -1) == 0 and list(started_again) == []
    assert [next(i) for i in dict_iters] == ["c", 3, ("c", 3), "c", "c"]
    d["late"] = 1
    for it in dict_iters[:3]:
        try:
            next(it)
        except RuntimeError as e:
            assert "changed size" in str(e)
        else:
            raise AssertionError
    del d["late"]
    assert [list(v) for v in views] == [["b", "c", "d"], [2, 3, 4], [("b", 2), ("c", 3), ("d", 4)]]
    d["e"] = 5
    assert list(views[0])[-1] == "e"
    assert [list(v) for v in od_views] == [["x", "y"], [1, 2], [("x", 1), ("y", 2)]]
    if "batched" in iters:
        assert list(iters["batched"]) == [("c", "d"), ("e",)] and not list(iters["batched_done"])
    if "batched_strict" in iters:
        try:
            list(iters["batched_strict"])
        except ValueError as e:
            assert "incomplete batch" in str(e)
        else:
            raise AssertionError
    for name, left in rest().items():
        got = list(iters[name])
        assert got == left, (name, got)
    assert len(list(iters["set"])) == 2
    assert next(iters["count"]) == 5 and [next(iters["cycle"]) for _ in range(3)] == [2, 3, 1]
    assert [(k, list(g)) for k, g in iters["groupby"]] == [(2, [2, 2])]
    assert list(tee1) == [2, 3] and list(tee2) == [1, 2, 3]
    assert list(fresh) == [0, 1, 2] and started.send("x") == "got x" and list(finished) == []
    assert frame is started.gi_frame and frame.f_locals["n"] == 3
    assert not frame.f_trace_lines
    assert frame.f_locals.get("extra") == ("kept" if sys.version_info >= (3, 13) else None)
    assert list(delegated) == [2, "after inner"] and events == ["finally"]
    assert next(handled) is True
    assert next(loop)[0] == "b" and list(genexpr) == [20, 20, 40]
    try:
        coroutine.send(None)
    except StopIteration as e:
        assert e.value == "done"
    try:
        async_gen.asend(None).send(None)
    except StopIteration as e:
        assert e.value == 1
    assert list(closed) == [] and next(self_ref) is self_ref and renamed.__name__ == "renamed"
    assert isinstance(coroutine, types.CoroutineType)
