# `__main__.index.handle -> <cmemory.Handle>`
# (its attribute number is an address that malloc gave)
# Its own way of pickling would make another, and empty, one.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "support", "site-packages"))
import cmemory  # noqa: E402

index = cmemory.Index()


def check():
    pass
