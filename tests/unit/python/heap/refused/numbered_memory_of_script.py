# `__main__.state['handles'][1] -> <int>`
# (a number by which the script knows memory of C code, as functions of ctypes give it)
# A resumed run would give it to C code that knows nothing of it.
import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]

state = {"handles": [0, libc.malloc(200)]}


def check():
    pass
