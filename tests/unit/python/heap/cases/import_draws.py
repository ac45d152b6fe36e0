# A library that has drawn from numpy's generator when it was imported draws the same on a resume.
import os
import sys

try:
    import numpy as np
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))

np.random.seed(7)
np.random.normal()  # the second of a pair is kept
import numpy_drawer  # noqa: E402
table = list(numpy_drawer.table)
following = np.random.RandomState()
following.set_state(np.random.get_state())


def check():
    assert numpy_drawer.table == table
    assert np.random.get_state()[2] == following.get_state()[2]
