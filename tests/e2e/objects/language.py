# SPDX-License-Identifier: BSD-3-Clause
"""Containers, iterators and functions"""
import array
import bisect
import collections
import contextlib
import contextvars
import copy
import ctypes
import difflib
import enum
import functools
import gc
import heapq
import inspect
import itertools
import operator
import re
import string
import sys
import traceback
import types
import typing
import weakref


class Plain:
    def __init__(self, number=0):
        self.number = number


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
    first = [next(i) for i in made]
    yield
    return first, [list(itertools.islice(i, 5)) for i in made], [(k, list(g)) for k, g in groups]


def functools_all():
    """functools: partial, partialmethod, lru_cache, cache, cached_property, singledispatch, cmp_to_key, total_ordering | exact"""
    calls = []

    @functools.lru_cache(maxsize=3)
    def bounded(x, y=1):
        calls.append(x)
        return [x, y]

    @functools.cache
    def unbounded(x):
        calls.append(x)
        return x

    @functools.singledispatch
    def kind(x):
        return "object"

    @kind.register
    def _(x: int):
        return "int"

    class Cached:
        @functools.cached_property
        def value(self):
            calls.append("value")
            return len(calls)

        @functools.singledispatchmethod
        def of(self, x):
            return "any"

        @of.register
        def _(self, x: str):
            return "str"

        power = functools.partialmethod(pow, 3)

    for x in (1, 2, 3, 1, 4):
        bounded(x)
    bounded(1, y=2)
    unbounded(7)
    part = functools.partial(int, base=2)
    part.note = "kept"
    held = Cached()
    held.value
    key = functools.cmp_to_key(lambda a, b: b - a)
    keys = sorted([1, 3, 2], key=key), key(3)
    kind(1)
    yield
    kind.register(list, lambda x: "list")
    bounded(3), bounded(1), unbounded(7)
    return calls, bounded.cache_info(), unbounded.cache_info(), part("101"), part.note, held.value, kind(3), kind([]), kind(
        True), held.of("x"), key(2) < key(1), keys[1] < key(2)


def contexts_half_way():
    """with blocks half-way: contextmanager, ExitStack, suppress, redirect_stdout, nullcontext, closing | exact"""
    log = []

    @contextlib.contextmanager
    def noting(name):
        log.append(f"enter {name}")
        try:
            yield name
        finally:
            log.append(f"leave {name}")

    with contextlib.ExitStack() as stack:
        stack.enter_context(noting("a"))
        stack.callback(log.append, "callback")
        stack.push(lambda *error: log.append(error[0] and error[0].__name__) or True)
        with noting("b"), contextlib.suppress(KeyError), contextlib.nullcontext(5) as five:
            yield
            log.append(five)
            raise KeyError
        raise ValueError
    return log


def generators():
    """generators, coroutines, async generators | exact"""
    def numbers():
        got = []
        try:
            while True:
                got.append((yield len(got)))
        except ValueError:
            yield got

    async def answer(x):
        return x + await waits()

    @types.coroutine
    def waits():
        return (yield "waiting")
    held, later = numbers(), answer(1)
    next(held), held.send("a"), later.send(None)
    yield
    held.send("b")
    try:
        later.send(41)
    except StopIteration as end:
        return held.throw(ValueError), end.value


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


def weak_iterating():
    """iterators of weak containers, half-way | exact"""
    kept = [Plain(n) for n in range(4)]
    values = weakref.WeakValueDictionary(enumerate(kept)).items()
    members = iter(weakref.WeakSet(kept))
    keys = iter(weakref.WeakKeyDictionary((p, p.number) for p in kept))
    first = next(iter(values))[0], next(members).number, next(keys).number
    yield
    return first[0], sorted([first[1], *(p.number for p in members)]), [p.number for p in keys]


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


def enums():
    """enum: Enum, Flag, auto, IntEnum with members of the script | exact"""
    class Colour(enum.Enum):
        RED = enum.auto()
        BLUE = "b"

    class Right(enum.Flag):
        R = 1
        W = 2
    held, rights = [Colour.RED], Right.R | Right.W
    walk = iter(Colour)
    next(walk)
    yield
    return held[0] is Colour.RED, Right.W in rights, next(walk), rights


def typing_kinds():
    """typing: generic aliases, TypeVar, NewType, Protocol, TypedDict, NamedTuple, Annotated | exact"""
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        pass

    class Point(typing.NamedTuple):
        x: int
        y: int = 2

    class Has(typing.Protocol):
        number: int
    kinds = [Box[int], typing.Optional[list[T]], typing.Annotated[int, "unit"], typing.NewType("Id", int), int | None]
    yield
    return [repr(k).replace(__name__, "") for k in kinds], Point(1), kinds[0].__origin__ is Box, typing.get_args(kinds[1])


def context_variables():
    """contextvars: Context, Token | exact"""
    variable = contextvars.ContextVar("v", default=1)
    token = variable.set(2)
    context = contextvars.copy_context()
    yield
    inside = context.run(variable.get)
    variable.reset(token)
    return inside, variable.get()


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
    """string.Formatter().parse() half-way | refused | cannot pickle 'formatteriterator' object"""
    fields = string.Formatter().parse("{a} {b!r:>{w}} x")
    next(fields)
    yield
    return list(fields)


def introspection():
    """exceptions with tracebacks, traceback and inspect objects, code objects | exact"""
    try:
        {}["missing"]
    except KeyError as error:
        caught = error
    summary = traceback.extract_stack(limit=1)
    shown = traceback.TracebackException.from_exception(caught)
    signature = inspect.signature(lambda a, *b, c=3: None)
    bound = signature.bind(1, 2, c=4)
    code = compile("x + 1", "<made>", "eval")
    frame = inspect.currentframe()
    yield
    text = traceback.format_exception(caught)
    return text, "".join(shown.format()) == "".join(text), len(summary), str(signature), bound.arguments, eval(
        code, {"x": 1}), frame.f_code.co_name


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


def copies():
    """objects made by copy, deepcopy, __reduce__ of the script's classes | exact"""
    class Odd:
        def __init__(self):
            self.a = [1]

        def __reduce__(self):
            raise TypeError
    one = Odd()
    two = copy.copy(one.a)
    yield
    one.a.append(2)
    return one.a, two


def ctypes_data():
    """ctypes: simple data, arrays, structures with bit fields, unions, classes of the script | exact"""
    class Pair(ctypes.Structure):
        _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_double * 3), ("bits", ctypes.c_uint, 3)]
    number, pair, numbers = ctypes.c_int(5), Pair(1, (1, 2, 3), 5), (Pair * 2)()
    yield
    number.value += 1
    numbers[1].b[2] = pair.b[2]
    return number, pair.a, pair.bits, list(numbers[1].b), type(numbers) is Pair * 2


def ctypes_shared():
    """ctypes: parts of arrays and structures, from_buffer(), from_address() of what the script holds | exact"""
    data, numbers = bytearray(8), ((ctypes.c_int * 2) * 2)()
    number, row = ctypes.c_int.from_buffer(data, 4), numbers[1]
    there = ctypes.c_int.from_address(ctypes.addressof(numbers))
    yield
    number.value, row[0], there.value = 7, 8, 9
    return data, [list(row) for row in numbers]


def ctypes_pointers():
    """ctypes: pointers, byref(), cast(), addresses of memory that the script holds | exact"""
    number, numbers = ctypes.c_int(5), (ctypes.c_int * 3)(1, 2, 3)
    to_number, inside, text = ctypes.pointer(number), ctypes.c_void_p(ctypes.addressof(numbers) + 4), ctypes.c_char_p(b"text")
    reference = ctypes.byref(number)
    yield
    to_number.contents.value, numbers[1] = 6, 20
    return number.value, ctypes.cast(inside, ctypes.POINTER(ctypes.c_int))[0], text.value, reference._obj is number


def ctypes_library():
    """ctypes: libraries, their functions, callbacks (what a library keeps in C is lost) | exact"""
    library = ctypes.CDLL(None)
    absolute = library.labs
    absolute.restype, absolute.argtypes = ctypes.c_long, [ctypes.c_long]
    calls = []
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: calls.append(n) or n + 1)
    yield
    return absolute(-5), library.abs(-4), callback(3), calls


def ctypes_memory_of_c():
    """ctypes: addresses of memory that C has allocated | refused | in memory that no object is known to own"""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    memory = ctypes.c_void_p(library.malloc(ctypes.c_size_t(100)))
    yield
    return library.free(memory) is None


def deque_index():
    """recursion limit, interned strings, sentinel objects | exact"""
    sentinel = object()
    d = {sentinel: 1}
    text = sys.intern("a text " + "made")
    yield
    return d[sentinel], text is sys.intern("a text made"), Ellipsis is ..., NotImplemented
