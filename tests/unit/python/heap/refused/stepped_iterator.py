# an iterator at a place that no step leads to
import ctypes


def code():
    return [1, 2 + len("a")]


places = code.__code__.co_positions()
next(places)
# How far it is: before the last three numbers of its memory.
offset = ctypes.c_int.from_address(id(places) + type(places).__basicsize__ - 16)
offset.value += 1
del offset


def check():
    pass
