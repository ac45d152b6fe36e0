# Iterators in the middle, also those that hang on an item of their own container.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import os
import sys
from collections import Counter, defaultdict, ChainMap
from fractions import Fraction
import collections
import inspect
import itertools
import operator
import weakref


def set_notices_changes():
    numbers = {1, 2, 3, 40, 50}
    it, changed, ended = iter(numbers), iter({1, 2}), iter({1})
    next(it)
    other = {7, 8}
    changed = iter(other)
    other.add(9)
    assert list(ended) == [1]

    def behave():
        seen = [type(it) is type(changed) is type(iter(set())), it.__length_hint__(), next(it)]
        numbers.add(99)
        for iterator in (it, changed, ended):
            try:
                seen.append(next(iterator, "end"))
            except RuntimeError as error:
                seen.append(str(error))
        return seen
    return behave


def set_by_address():
    class Plain:
        def __init__(self, number):
            self.number = number

    it = iter({Plain(number) for number in range(20)})
    first = [next(it).number for _ in range(5)]
    hint = it.__length_hint__()

    def behave():
        rest = [plain.number for plain in it]
        return (hint, sorted(first + rest), list(it))
    return behave


def tee_shared():
    src = iter(range(6))
    a, b = itertools.tee(src)
    next(a)
    next(a)
    next(b)
    c = b.__copy__()

    def behave():
        return (next(src), list(a), list(b), list(c))
    return behave


def groupby_mid():
    g = itertools.groupby([1, 1, 1, 2, 2, 3])
    k, sub = next(g)
    next(sub)

    def behave():
        return (k, list(sub), [(k, list(s)) for k, s in g])
    return behave


def groupby_dropped():
    g = itertools.groupby([1, 1, 1, 2, 2, 3])
    next(next(g)[1])  # what is left of the group is skipped
    h = itertools.groupby("aab")
    sub = next(h)[1]
    next(sub)

    def behave():
        return ([(k, list(s)) for k, s in g], [(k, list(s)) for k, s in h], list(sub))
    return behave


def groupby_stale():
    g = itertools.groupby([1, 1, 1, 2, 2, 3], key=lambda x: x)
    k, sub = next(g)
    k2, sub2 = next(g)

    def behave():
        return (list(sub), list(sub2), [(k, list(s)) for k, s in g])
    return behave


def cycle_first():
    c = itertools.cycle(iter([1, 2, 3]))
    next(c)
    d = itertools.cycle("abc")
    [next(d) for _ in range(4)]

    def behave():
        return ([next(c) for _ in range(7)], [next(d) for _ in range(5)])
    return behave


def islice():
    a = itertools.islice(range(20), 2, 15, 3)
    next(a)
    b = itertools.islice(range(3), 0)
    c = itertools.islice(iter(range(9)), 1, None, 2)
    next(c)

    def behave():
        return (list(a), list(b), list(c))
    return behave


def accumulate():
    a = itertools.accumulate([1, 2, 3, 4], operator.mul, initial=10)
    b = itertools.accumulate([1, 2, 3, 4], initial=5)
    next(b)
    c = itertools.accumulate([None, None, 2], lambda x, y: y)
    next(c)
    d = itertools.accumulate([3, 4, 5])
    next(d)
    next(d)

    def behave():
        return (list(a), list(b), list(c), list(d))
    return behave


def zip_longest():
    a = itertools.zip_longest([1], [2, 3, 4], fillvalue="f")
    next(a)
    next(a)

    def behave():
        return list(a)
    return behave


def zip_strict():
    a = zip([1, 2, 3], [4, 5], strict=True)
    next(a)

    def behave():
        try:
            return list(a)
        except ValueError as e:
            return str(e)
    return behave


def product_mid():
    a = itertools.product("ab", [1, 2], repeat=2)
    [next(a) for _ in range(5)]
    b = itertools.combinations_with_replacement("abc", 2)
    next(b)
    next(b)
    c = itertools.permutations(range(4))
    [next(c) for _ in range(9)]
    d = itertools.combinations(range(5), 3)
    [next(d) for _ in range(4)]
    e = itertools.product()
    next(e)
    f = itertools.permutations([1, 2], 3)

    def behave():
        return [list(x) for x in (a, b, c, d, e, f)]
    return behave


def drop_take():
    a = itertools.dropwhile(lambda x: x < 2, [1, 2, 1, 3])
    next(a)
    b = itertools.takewhile(lambda x: x < 2, [1, 2, 1])
    list(b)
    c = itertools.filterfalse(None, [0, 1, 0, 2])
    next(c)
    d = itertools.dropwhile(lambda x: x < 2, [1, 2, 1, 3])

    def behave():
        return [list(x) for x in (a, b, c, d)]
    return behave


def count_kinds():
    a = itertools.count(0.5, 0.25)
    next(a)
    b = itertools.count(2 ** 63 - 2)
    next(b)
    next(b)
    c = itertools.count(5, -2)
    next(c)
    r = itertools.repeat([1])
    s = itertools.repeat(2, 4)
    next(s)
    d = itertools.count(Fraction(1, 3), Fraction(1, 2))
    next(d)

    def behave():
        return [[next(x) for _ in range(3)] for x in (a, b, c, r, s, d)]
    return behave


def pairwise_tuples():
    p = itertools.pairwise([(0, 0), (1, 1), (2, 2), (3, 3)])
    next(p)

    def behave():
        return list(p)
    return behave


def pairwise_done():
    p = itertools.pairwise([1, 2])
    list(p)
    q = itertools.pairwise([1, 2, 3])

    def behave():
        return (list(p), list(q))
    return behave


def reversed_kinds():
    class S:

        def __len__(self):
            return 4

        def __getitem__(self, i):
            return i * 10
    a = reversed(S())
    next(a)
    b = reversed(range(5))
    next(b)
    c = iter(S())

    class Q:

        def __getitem__(self, i):
            if i > 3:
                raise IndexError
            return i
    d = iter(Q())
    next(d)

    def behave():
        return (list(a), list(b), list(d))
    return behave


def list_iter_cycle():
    class N:
        pass
    lst = [N() for _ in range(4)]
    it = iter(lst)
    next(it)
    next(it)
    rit = reversed(lst)
    next(rit)
    for n in lst:
        n.it = it
        n.rit = rit
    del it, rit

    def behave():
        return ([lst.index(x) for x in lst[0].it], [lst.index(x) for x in lst[0].rit])
    return behave


def deque_iter_cycle():
    class N:
        pass
    lst = collections.deque([N() for _ in range(4)])
    it = iter(lst)
    next(it)
    next(it)
    rit = reversed(lst)
    next(rit)
    for n in lst:
        n.it = it
        n.rit = rit
    del it, rit

    def behave():
        return ([lst.index(x) for x in lst[0].it], [lst.index(x) for x in lst[0].rit])
    return behave


def odict_items_live():
    od = collections.OrderedDict(((k, i) for i, k in enumerate("abcd")))
    it = iter(od.items())
    next(it)
    ki = reversed(od)
    next(ki)

    def behave():
        od["d"] = 100
        r = list(it)
        return (r, list(ki))
    return behave


def odict_iter_mutated():
    od = collections.OrderedDict(((k, i) for i, k in enumerate("abcd")))
    it = iter(od)
    next(it)

    def behave():
        od["e"] = 100
        try:
            return list(it)
        except RuntimeError as e:
            return str(e)
    return behave


def slots_iter():
    class It:

        def __init__(s):
            s.i = 0

        def __iter__(s):
            return s

        def __next__(s):
            s.i += 1
            return s.i
    i = It()
    z = zip(i, i)
    next(z)
    m = map(lambda a, b: (a, b), i, itertools.count())
    next(m)
    e = enumerate(i, 2 ** 63)
    next(e)

    def behave():
        return (next(z), next(m), next(e))
    return behave


def range_iters():
    a = iter(range(10, 0, -2))
    next(a)
    b = iter(range(2 ** 65))
    next(b)
    c = reversed(range(2 ** 65))
    next(c)
    x = iter({1: 2})
    y = iter("abc")
    next(y)
    z = iter(b"ab")

    def behave():
        return (list(a), next(b), next(c), list(y), list(z))
    return behave


def generator_closed_before_its_start():
    def steps(owner):
        yield owner

    async def later(owner):
        return owner

    class Owner:
        pass

    closed, awaited = steps(Owner()), later(Owner())
    owners = [weakref.ref(g.gi_frame.f_locals["owner"]) for g in (closed,)]
    owners.append(weakref.ref(awaited.cr_frame.f_locals["owner"]))
    closed.close()
    awaited.close()

    def behave():
        alive = [ref() is not None for ref in owners]  # from 3.12 on they are
        return alive, closed.gi_frame, awaited.cr_frame, list(closed), inspect.getcoroutinestate(awaited)
    return behave


def user_iter_types():
    d = dict(a=1, b=2)
    i = d.items()
    k = d.keys()
    ki = iter(k)
    next(ki)
    c = Counter("aab")
    ci = iter(c.items())
    next(ci)
    e = c.elements()
    next(e)
    cm = ChainMap({"a": 1}, {"b": 2})
    mi = iter(cm)
    dd = defaultdict(list)
    dd["x"].append(1)
    di = iter(dd.values())
    next(di)

    def behave():
        c["b"] = 50
        d["b"] = 20
        return (list(ki), list(ci), list(e), list(mi), list(di), list(i), dd["q"])
    return behave


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from held import Held  # noqa: E402

check = Held(globals()).check
