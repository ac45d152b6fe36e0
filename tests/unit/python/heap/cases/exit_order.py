# Functions for the exit are called in the order of before, whatever imports have registered meanwhile;
# weakref.finalize has registered itself, once and between others, and knows it.
import atexit
import os
import sys
import weakref


class Owner:
    pass


def first():
    registering.calls.append("first")


def last():
    registering.calls.append("last")


atexit.register(first)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import registering  # noqa: E402
weakref.finalize(Owner(), int)  # done at once: nothing is left in its registry
atexit.register(last)


def calls_of_a_child():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        atexit._run_exitfuncs()
        os.write(writing, " ".join(registering.calls).encode())
        os._exit(0)
    os.waitpid(child, 0)
    calls = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    return calls


def check():
    assert weakref.finalize._registered_with_atexit
    before = atexit._ncallbacks()
    weakref.finalize(Owner(), int)
    assert atexit._ncallbacks() == before
    assert calls_of_a_child() == "last library first"
