# SPDX-License-Identifier: BSD-3-Clause
"""C data, by ctypes"""
import ctypes


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
    """ctypes: libraries, their functions, callbacks (what a library of the system keeps in C is lost) | exact"""
    library = ctypes.CDLL(None)
    absolute = library.labs
    absolute.restype, absolute.argtypes = ctypes.c_long, [ctypes.c_long]
    calls = []
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: calls.append(n) or n + 1)
    yield
    return absolute(-5), library.abs(-4), callback(3), calls


def ctypes_seen_by_all():
    """ctypes: a library that others are linked to (RTLD_GLOBAL), get_errno() | exact"""
    ctypes.CDLL("libcrypt.so.1", mode=ctypes.RTLD_GLOBAL)
    ctypes.set_errno(7)
    yield
    return hasattr(ctypes.CDLL(None), "crypt"), ctypes.get_errno()


def ctypes_memory_of_c():
    """ctypes: addresses of memory that C has allocated | refused | in memory that no object is known to own"""
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    memory = ctypes.c_void_p(library.malloc(ctypes.c_size_t(100)))
    yield
    return library.free(memory) is None
