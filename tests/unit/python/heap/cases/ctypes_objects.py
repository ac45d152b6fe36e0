# ctypes: data with the memory and the classes that it shares, callbacks, libraries.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import array
import ctypes
import sys
from ctypes import (CDLL, CFUNCTYPE, POINTER, BigEndianStructure, Structure, Union, addressof, byref, c_char,
    c_char_p, c_double, c_int, c_long, c_short, c_size_t, c_ubyte, c_void_p, c_wchar_p, cast, memmove, pointer, py_object)


class Pair(Structure):
    _fields_ = [("a", c_int), ("b", c_double * 3)]

    def total(self):
        return self.a + sum(self.b)


class Node(Structure):
    pass


Node._fields_ = [("value", c_int), ("next", POINTER(Node)), ("prev", POINTER(Node))]
Visit = CFUNCTYPE(c_int, POINTER(Node))


class Table(Structure):
    """Of callbacks that take the table."""


Action = CFUNCTYPE(c_int, POINTER(Table), c_int)
Table._fields_ = [("act", Action), ("count", c_int)]


class Flags(Structure):
    _pack_ = 1
    _fields_ = [("low", c_ubyte, 3), ("high", c_ubyte, 5), ("rest", c_short)]


class Either(Union):
    _fields_ = [("whole", c_int), ("bytes", c_ubyte * 4)]


class Inner(Structure):
    _anonymous_ = ["either"]
    _fields_ = [("either", Either), ("pairs", Pair * 2), ("flags", Flags)]


class Derived(Pair):
    _fields_ = [("c", c_int)]
    kind = "derived"


class Swapped(BigEndianStructure):
    _fields_ = [("n", c_int), ("s", c_short * 2)]


class Texts(Structure):
    _fields_ = [("name", c_char_p), ("wide", c_wchar_p), ("thing", py_object), ("any", c_void_p)]


class Mine(c_int):
    def twice(self):
        return 2 * self.value


def data():
    one, grid, text = Pair(1, (1, 2, 3)), ((c_int * 2) * 3)((1, 2), (3, 4), (5, 6)), ctypes.create_string_buffer(b"abc", 8)
    large = (c_double * 1000)(*range(1000))
    mine, flags, either, derived, swapped = Mine(4), Flags(5, 9, -2), Either(0x01020304), Derived(1, (2, 3, 4), 5), Swapped(7, (1, 2))
    mine.note = ["kept"]
    longer = (c_int * 2)(1, 2)
    ctypes.resize(longer, 64)

    def behave():
        one.b[1] = 8
        large[5] = 0.5
        return (one.total(), [list(row) for row in grid], text.raw, sum(large), mine.twice(), mine.note, flags.low, flags.high,
            flags.rest, list(either.bytes), derived.kind, derived.total(), derived.c, bytes(swapped), swapped.n, list(swapped.s),
            ctypes.sizeof(longer), list(longer), type(grid) is (c_int * 2) * 3, type(one.b) is c_double * 3,
            type(grid).__name__, type(grid).__module__, type(mine).__mro__[1] is c_int, c_int.__ctype_be__(5).value)
    return behave


def shared_memory():
    whole = Inner()
    part, number = whole.pairs[1], whole.pairs[1].b
    bits = whole.flags
    row = ((c_int * 2) * 3)()
    second = row[1]

    def behave():
        part.a = 3
        number[2] = 1.5
        bits.high = 17
        whole.whole = 0x05060708
        second[1] = 9
        return (whole.pairs[1].total(), whole.flags.high, list(whole.either.bytes), [list(r) for r in row],
            part._b_base_._b_base_ is whole, number._b_base_ is part, second._b_base_ is row)
    return behave


def pointers():
    number, values = c_int(5), (c_int * 4)(1, 2, 3, 4)
    to_number, to_values = pointer(number), cast(values, POINTER(c_int))
    to_pointer, none = pointer(to_number), POINTER(c_int)()
    address, inside = c_void_p(addressof(values) + 8), POINTER(c_int)(c_int.from_buffer(values, 4))
    reference, further = byref(number), byref(values, 12)
    seen = to_number.contents
    many = (POINTER(c_int) * 3)(to_number, None, to_values)

    def behave():
        to_number.contents.value += 1
        to_pointer[0][0] += 1
        seen.value += 1
        values[1] = 77
        many[2][3] = 99
        return (number.value, to_values[1], bool(none), cast(address, POINTER(c_int))[0], inside[0], to_values[3], many[0][0],
            bool(many[1]), reference._obj is number, further._obj is values, type(to_number) is POINTER(c_int),
            addressof(to_pointer.contents) == addressof(to_number))
    return behave


def circles():
    first, second = Node(1), Node(2)
    first.next = pointer(second)
    second.prev = second.next = pointer(first)

    def behave():
        second.next.contents.value = 10
        found = first.next.contents.next.contents
        return first.value, found.next[0].value, addressof(found) == addressof(first), type(found) is Node
    return behave


def texts():
    kept = [1]
    one = Texts(b"abc", "wide \u00e4", kept, None)
    alone, wide, thing = c_char_p(b"xyz"), c_wchar_p("w"), py_object(kept)
    things = (py_object * 2)(kept, "x")
    names = (c_char_p * 2)(b"p", b"q")
    address = c_void_p.from_buffer(thing)  # of the object, as DLPack's managers are passed on
    passed_on = Texts()
    passed_on.any = address

    def behave():
        kept.append(2)
        return (one.name, one.wide, one.thing, one.any, alone.value, wide.value, thing.value is kept, one.thing is kept,
            things[0] is kept, list(names),
            cast(address, py_object).value is kept, cast(passed_on.any, py_object).value is kept)
    return behave


def buffers():
    data, numbers = bytearray(16), array.array("i", [1, 2, 3, 4])
    number, view = c_int.from_buffer(data, 4), (c_int * 2).from_buffer(numbers, 8)
    copied = Pair.from_buffer_copy(bytes(32))
    memory = memoryview((c_int * 3)(1, 2, 3))
    there = c_int.from_address(addressof(view) + 4)

    def behave():
        number.value = 7
        view[0] = 30
        there.value = 40
        memory.obj[1] = 5
        try:
            data.append(1)
        except BufferError:
            held = True
        return bytes(data), numbers.tolist(), copied.total(), bytes(memory), held, view[1]
    return behave


class Counter:
    def __init__(self):
        self.calls = 0
        self.callback = CFUNCTYPE(c_int, c_int, c_int)(self.called)  # in a circle with it

    def called(self, a, b):
        self.calls += 1
        return a * b + self.calls


def callbacks():
    counter = Counter()
    visit = Visit(lambda node: node.contents.value + 1)
    table = Table()
    table.act = Action(lambda table, n: table.contents.count + n)
    node = Node(41)
    code = cast(visit, c_void_p)
    compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))(lambda a, b: a[0] - b[0])
    sort = CDLL(None).qsort
    sort.restype, sort.argtypes = None, [c_void_p, c_size_t, c_size_t, type(compare)]

    def behave():
        table.count = 6
        values = (c_int * 4)(4, 1, 3, 2)
        sort(values, 4, 4, compare)
        return (counter.callback(3, 4), counter.callback(3, 4), counter.calls, visit(pointer(node)), table.act(pointer(table), 5),
            cast(code, Visit)(byref(node)), list(values), type(visit) is CFUNCTYPE(c_int, POINTER(Node)), Table.act.size)
    return behave


def libraries():
    library = CDLL(None)
    absolute, measure = library.labs, library["strlen"]
    absolute.restype, absolute.argtypes = c_long, [c_long]
    absolute.errcheck = lambda result, function, arguments: (result, arguments)
    by_prototype = CFUNCTYPE(c_size_t, c_char_p)(("strlen", library))
    cast(by_prototype, c_void_p)  # by which it keeps itself
    math = CDLL("libm.so.6", use_errno=True)
    math.cos.restype, math.cos.argtypes = c_double, [c_double]
    pointer_to_code = cast(library.abs, c_void_p)

    def behave():
        return (absolute(-5), library.labs is absolute, measure(b"four"), by_prototype(b"three"), math.cos(0.0), math._name,
            memmove is ctypes.memmove, library.abs(-3), CFUNCTYPE(c_int, c_int)(pointer_to_code.value)(-8), math.sqrt.__name__)
    return behave


def classes():
    def local():
        class Local(Structure):
            _fields_ = [("me", POINTER(c_int)), ("all", Pair * 2)]
            shared = Pair(3, (0, 0, 1))
        return Local
    kind = local()
    kinds = [c_char * 7, POINTER(kind), kind * 2, CFUNCTYPE(None, kind), POINTER(POINTER(c_char))]

    def behave():
        made = (kind * 2)()
        made[1].all[0].a = 4
        return (kind.shared.total(), made[1].all[0].total(), [k.__name__ for k in kinds], kinds[0] is c_char * 7, kinds[1] is POINTER(kind),
            kinds[2] is kind * 2, kinds[3] is CFUNCTYPE(None, kind), kind._fields_, Flags.high, Inner.flags.offset,
            list(vars(Pair)), Swapped._fields_[0][1] is c_int.__ctype_be__)
    return behave


sys.path.insert(0, __file__.rsplit("/", 1)[0] + "/support")
from held import Held  # noqa: E402

builders = [data, shared_memory, pointers, circles, texts, buffers, callbacks, libraries, classes]
check = Held({build.__name__: build for build in builders}).check
