# `__main__.m.note -> <_bz2.BZ2Compressor>`
# A copy, which is what the library pickles, would not share memory with the view.
import bz2
import os
import sys

try:
    import numpy as np
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "support", "site-packages"))
import measured  # noqa: E402

m = measured.measured(np.arange(600.0), ["km"])
view = m.view(np.ndarray)[2:5]
m.note = bz2.BZ2Compressor()


def check():
    pass
