# `__main__.box.head -> <__main__.Box>` at ctypes_pointer.py: a ctypes object with an address in memory that no object is known to own
import ctypes


class Box(ctypes.Structure):
    _fields_ = [("head", ctypes.c_void_p)]


class Holder:
    pass


library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
address = library.malloc(ctypes.c_size_t(64))
box = Holder()
box.head = Box(address)


def check():
    assert box.head.head == address
