# A library's own variable that knows memory of C code by a number is left out, as others that cannot be saved.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import cmemory  # noqa: E402

cmemory.keep()
here = os.getpid()


def check():
    assert (cmemory.kept is None) == (os.getpid() != here)
