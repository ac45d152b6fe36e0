# Values of builtin types, with identity, aliasing and cycles.
import math
import types

numbers = [0, 1, -1, 255, 2**70, -(2**70), True, False, None, 1.5, -0.0, float("inf"), 1j, 2 - 3j]
nan = float("nan")
texts = ["", "a", "é", "日本", "\U0001f600", "x" * 70000, "\udc80"]
raw = [b"", b"a", bytes(range(256)), bytearray(b"abc"), b"y" * 70000]
singletons = [None, Ellipsis, NotImplemented, True, False]
ranges = [range(5), range(1, 10, 3), slice(1, 2, 3), slice(None)]
frozen = frozenset([1, 2, 3])
nested = {"a": [1, (2, 3, {"b": {4, 5}})]}
shared = [1]
aliases = [shared, shared, {"k": shared}]
cycle = []
cycle.append(cycle)
tuple_cycle = ([],)
tuple_cycle[0].append(tuple_cycle)
dict_cycle = {}
dict_cycle["me"] = dict_cycle
a_type = [int, str, dict, type, object, type(None), type(...), type(NotImplemented), Exception]
generic = [list[int], dict[str, int], int | None]
builtin_functions = [len, print, [].append, "abc".upper, dict.get, str.join, int.__add__, (5).__add__]
empty_key_order = {}
for key in "zyxwv":
    empty_key_order[key] = ord(key)
del empty_key_order["x"]
empty_key_order["x"] = 1
big_list = list(range(1000))
big_int_list = [10**30] * 3
same_float = 3.25
nan_holder = [nan]
nan_key = {nan: 1}
library_nan = math.nan

attributes = [types.FunctionType.__dict__["__code__"], type.__dict__["__dict__"], int.__dict__["real"],
              BaseException.__dict__["__traceback__"], types.FunctionType.__dict__["__closure__"],
              dict.__dict__["fromkeys"], int.__add__, str.upper]


def check():
    assert attributes[0].__get__(check) is check.__code__ and attributes[2].__get__(7) == 7
    assert [one.__objclass__ for one in attributes] == [types.FunctionType, type, int, BaseException,
                                                        types.FunctionType, dict, int, str]
    assert attributes[0] is types.FunctionType.__dict__["__code__"] and attributes[7]("a") == "A"
    assert numbers[:7] == [0, 1, -1, 255, 2**70, -(2**70), True]
    assert math.copysign(1, numbers[10]) == -1.0
    assert nan != nan and math.isnan(nan)
    assert numbers[12] == 1j and numbers[13] == 2 - 3j
    assert texts == ["", "a", "é", "日本", "\U0001f600", "x" * 70000, "\udc80"]
    assert raw[2] == bytes(range(256)) and type(raw[3]) is bytearray and len(raw[4]) == 70000
    assert [x is y for x, y in zip(singletons, [None, Ellipsis, NotImplemented, True, False])] == [True] * 5
    assert ranges == [range(5), range(1, 10, 3), slice(1, 2, 3), slice(None)]
    assert frozen == frozenset([1, 2, 3]) and type(frozen) is frozenset
    assert nested == {"a": [1, (2, 3, {"b": {4, 5}})]}
    assert aliases[0] is aliases[1] is aliases[2]["k"] is shared
    assert cycle[0] is cycle and tuple_cycle[0][0] is tuple_cycle and dict_cycle["me"] is dict_cycle
    assert a_type == [int, str, dict, type, object, type(None), type(...), type(NotImplemented), Exception]
    assert generic == [list[int], dict[str, int], int | None]
    assert builtin_functions[0] is len and builtin_functions[1] is print
    builtin_functions[2](1)
    assert builtin_functions[2].__self__[-1] == 1
    assert builtin_functions[3]() == "ABC" and builtin_functions[4] is not None
    assert builtin_functions[5](",", "ab") == "a,b" and builtin_functions[6](1, 2) == 3
    assert builtin_functions[7](2) == 7
    assert list(empty_key_order) == ["z", "y", "w", "v", "x"]
    assert big_list == list(range(1000)) and big_int_list == [10**30] * 3
    assert nan in [nan] and nan_holder[0] is nan and nan_key[nan] == 1 and library_nan is math.nan
