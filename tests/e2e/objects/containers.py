# SPDX-License-Identifier: BSD-3-Clause
"""Containers and iterators"""
import _string
import array
import bisect
import collections
import contextlib
import difflib
import gc
import heapq
import io
import itertools
import operator
import re
import string
import types
import weakref


class Plain:
    def __init__(self, number=0):
        self.number = number


def long_chains():
    """linked lists and other chains of objects, of any length | exact"""
    class Link:
        def __init__(self, number, back):
            self.number, self.back = number, back

    last = None
    for number in range(40000):
        last = Link(number, last)
    yield
    total = 0
    while last:
        total, last = total + last.number, last.back
    return total


def containers():
    """dict, set, frozenset, list, deque(maxlen), Counter, defaultdict, ChainMap, UserDict, namedtuple | exact"""
    shared = [1]
    d = {"a": shared, (1, frozenset([2])): shared}
    d["self"] = d
    q = collections.deque([1, 2, 3, 4], maxlen=3)
    c, dd = collections.Counter("abracadabra"), collections.defaultdict(list, {1: [2]})
    m = collections.ChainMap({"a": 1}, {"b": 2})
    u = collections.UserDict(x=1)
    yield
    shared.append(2)
    q.append(5)
    dd[7].append(8)
    m["c"] = 3
    return d["a"], d["self"] is d, q, c.most_common(2), dd, m, u


def container_iterators():
    """iterators of dict, set, list, tuple, str, bytes, bytearray, range, deque, OrderedDict | exact"""
    d, s, q = {n: n * n for n in range(9)}, {*range(30, 90, 7)}, collections.deque(range(9))
    o = collections.OrderedDict(zip("abcdef", range(6)))
    made = [iter(d), iter(d.items()), reversed(d), iter(s), iter([*range(9)]), iter("abcdé"), iter(b"abc"),
        iter(bytearray(b"xyz")), iter(range(9)), iter(range(10**30, 10**30 + 9)), iter(q), reversed(q), iter(o),
        reversed([1, 2, 3]), iter((1, 2, 3)), reversed(range(5)), iter(o.values()), iter(memoryview(b"abc"))]
    first = [next(i) for i in made]
    yield
    d[0] = "changed"
    q[4] = "changed"
    return first, [list(i) for i in made]


def deque_changes():
    """deque iterators whose deque has changed | exact"""
    changed = collections.deque(range(5))
    both = [iter(changed), reversed(changed)]
    first = [next(one) for one in both]
    changed.append(9)
    yield
    said = []
    for one in both:
        try:
            said.append(next(one))
        except RuntimeError as error:
            said.append(str(error))
    return first, said


def dict_changes():
    """a dict iterator that must notice a change | exact"""
    d = dict.fromkeys(range(5))
    changed = iter(d)
    next(changed)
    yield
    d["more"] = 1
    try:
        next(changed)
    except RuntimeError as error:
        return str(error)


def views_and_proxies():
    """dict views, types.MappingProxyType, SimpleNamespace, slices, cells, methods | exact"""
    d = {"a": 1}
    views = d.keys(), d.items(), d.values()
    proxy, space = types.MappingProxyType(d), types.SimpleNamespace(a=[1])
    method, builtin, unbound = "abc".upper, d.get, str.upper
    getter = operator.itemgetter(0), operator.attrgetter("a"), operator.methodcaller("get", "a")
    cell = (lambda: d).__closure__[0]
    yield
    d["b"] = 2
    return views, proxy["b"], space, method(), builtin("b"), unbound("x"), getter[0]("xy"), getter[1](space), getter[2](
        d), cell.cell_contents is d, slice(1, 2)


def array_exported():
    """array.array and bytearray with memoryviews on them | exact"""
    numbers, data = array.array("d", range(5)), bytearray(b"0123456789")
    seen, part = memoryview(numbers), memoryview(data)[2:6]
    walk = iter(numbers)
    next(walk)
    yield
    seen[1] = 7.5
    part[0] = 33
    try:
        data.append(1)
    except BufferError as error:
        return numbers, data, next(walk), str(error)


def itertools_all():
    """itertools, half-way | exact"""
    made = [itertools.count(3, 2), itertools.cycle("abc"), itertools.repeat(7, 9), itertools.accumulate(range(9)),
        itertools.chain("ab", "cd"), itertools.chain.from_iterable(["ab", "cd"]), itertools.compress("abcdef", [1, 0, 1, 1]),
        itertools.dropwhile(lambda x: x < 3, range(9)), itertools.filterfalse(lambda x: x % 2, range(9)),
        itertools.islice(range(99), 2, 50, 3), itertools.starmap(pow, [(2, 3), (3, 2), (4, 2)]),
        itertools.takewhile(lambda x: x < 7, range(9)), itertools.zip_longest("abc", "x"), itertools.pairwise(range(6)),
        itertools.product("ab", "cd", repeat=2), itertools.permutations("abcd", 3), itertools.combinations("abcde", 2),
        itertools.combinations_with_replacement("abc", 2), zip("abc", [1, 2, 3]), enumerate("abc", 5), map(str, range(5)),
        filter(None, [0, 1, 2, 3]), reversed("abc"), *itertools.tee(iter(range(7)), 2)]
    groups = itertools.groupby([1, 1, 2, 2, 3])
    made.append(next(groups)[1])
    if hasattr(itertools, "batched"):
        made.append(itertools.batched("abcdefg", 2))
    first = [next(i) for i in made]
    yield
    return first, [list(itertools.islice(i, 5)) for i in made], [(k, list(g)) for k, g in groups]


def call_iterators():
    """iter(callable, sentinel), iter() of a sequence by __getitem__ | exact"""
    class Sequence:
        def __getitem__(self, i):
            if i > 5:
                raise IndexError
            return i * i
    numbers = iter([1, 2, 3, 0, 5])
    calling, indexing = iter(numbers.__next__, 0), iter(Sequence())
    first = next(calling), next(indexing)
    yield
    return first, list(calling), list(indexing)


def heap_users():
    """heapq: a heap, merge() half-way; bisect | exact"""
    heap = [5, 2, 8, 1]
    heapq.heapify(heap)
    merged = heapq.merge([1, 4, 7], [2, 5, 8], iter([0, 9]), key=lambda x: x)
    first = next(merged), next(merged)
    yield
    return first, heapq.heappop(heap), list(merged), bisect.bisect(sorted(heap), 4)


def text_generators():
    """difflib generators, string.Template | exact"""
    lines = difflib.unified_diff("a b c d".split(), "a x c y".split(), lineterm="")
    compared = difflib.ndiff(["a\n", "b\n"], ["a\n", "c\n"])
    matcher = difflib.SequenceMatcher(None, "abcd", "bcde")
    next(lines), next(compared), matcher.ratio()
    template = string.Template("$a b")
    yield
    return list(lines), list(compared), matcher.get_opcodes(), template.substitute(a=1)


def format_parsing():
    """string.Formatter().parse() half-way, also over an error | exact"""
    parse = string.Formatter().parse
    fields, ended, wrong = parse("{a} {b!r:>{w}} x{{"), parse("x"), parse("{a} {")
    next(fields), next(ended), next(ended, None), next(wrong)
    try:
        next(wrong)
    except ValueError:
        pass
    _, names = _string.formatter_field_name_split("a.b[c][0]")
    next(names)
    yield
    return list(fields), list(ended), list(wrong), list(names)


def code_iterators():
    """code.co_lines() and code.co_positions() half-way, as in traceback and dis | exact"""
    def code():
        return [1,
                2 + len("a")]
    lines, places = code.__code__.co_lines(), code.__code__.co_positions()
    next(lines), next(places), next(places)
    ended = [code.__code__.co_lines(), code.__code__.co_positions()]
    for one in ended:
        list(one)
    yield
    return list(lines), list(places), [list(one) for one in ended]


def regular_expressions():
    """re: Pattern, Match, and what finditer() and split() hold | exact"""
    pattern = re.compile(r"(\w)(\d+)?")
    found, scan = pattern.search("..a12"), pattern.finditer("a1 b2 c d4", 1, 9)
    first = next(scan).group()
    empty = re.finditer(r"x*", "axbxx")
    next(empty), next(empty)
    yield
    return found.groups(), first, [m.span() for m in scan], [m.span() for m in empty]


def regular_expression_scanner():
    """re: pattern.scanner() | exact"""
    scanner = re.compile(r"\d").scanner("1a23")
    scanner.search()
    yield
    return scanner.search().span(), scanner.match().span(), scanner.match()


def regular_expression_lexer():
    """re.Scanner | refused | a pattern that re.compile() has not made"""
    lexer = re.Scanner([(r"\d+", lambda s, t: int(t)), (r"\s+", None)])
    yield
    return lexer.scan("12 3x")


def patterns_apart():
    """re: equal patterns that are not one (re.purge()), the one that re.compile() remembers, re.DEBUG | exact"""
    first = re.compile("a+b", re.I)
    re.purge()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        shown = re.compile("a|b", re.DEBUG)
    second, other = re.compile("a+b", re.I), re.compile(b"a+b")
    yield
    return first is second, first == second, re.compile("a+b", re.I) is second, re.compile(b"a+b") is other, first.flags, (
        shown.flags, shown.match("b").span(), said.getvalue())


def weak_references():
    """weakref: ref with callback, proxy, finalize, WeakMethod, WeakValueDictionary, WeakKeyDictionary, WeakSet | exact"""
    log = []
    kept, gone = [Plain(n) for n in range(4)], Plain(9)
    ref = weakref.ref(gone, lambda r: log.append("gone"))
    proxy = weakref.proxy(kept[1])
    values = weakref.WeakValueDictionary(enumerate(kept))
    keys = weakref.WeakKeyDictionary((p, p.number) for p in kept)
    members = weakref.WeakSet(kept)
    final = weakref.finalize(gone, log.append, "final")
    final.atexit = False
    yield
    before = ref() is gone, proxy.number, len(values), len(keys), kept[2] in members, final.alive
    del gone
    kept.pop()
    gc.collect()
    return before, log, len(values), len(keys), len(members), final.alive


def dead_references():
    """weakref: dead references as keys | exact"""
    key, gone = weakref.ref(kept := Plain()), weakref.ref(lost := Plain())
    found = {key: "kept", gone: hash(gone) and "lost"}
    del lost
    yield
    return found[key], found[gone], key() is kept, gone(), [one is gone for one in found]


def weak_iterating():
    """iterators of weak containers, half-way | exact"""
    kept = [Plain(n) for n in range(4)]
    values = weakref.WeakValueDictionary(enumerate(kept)).items()
    members = iter(weakref.WeakSet(kept))
    keys = iter(weakref.WeakKeyDictionary((p, p.number) for p in kept))
    first = next(iter(values))[0], next(members).number, next(keys).number
    yield
    return first[0], sorted([first[1], *(p.number for p in members)]), [p.number for p in keys]
