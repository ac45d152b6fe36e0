# weakref.finalize has registered itself with atexit, once and between others, and knows it.
import atexit
import weakref


class Owner:
    pass


def first():
    pass


def last():
    pass


atexit.register(first)
weakref.finalize(Owner(), int)  # done at once: nothing is left in its registry
atexit.register(last)


def check():
    assert weakref.finalize._registered_with_atexit
    before = atexit._ncallbacks()
    weakref.finalize(Owner(), int)
    assert atexit._ncallbacks() == before
