# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Warnings: what was shown once per place stays shown once; filters and counts go on.

The iterators warn from 3.12 on when they are pickled, of which the script must not see anything.
"""
import itertools
import warnings

from digest import Digest, report


def show(message, category, filename, lineno, file=None, line=None):
    digest.add(str(message), category.__name__, lineno)


def noisy(kind):
    warnings.warn(f"kind {kind}", UserWarning)
    if kind == 1:
        warnings.warn("deprecated", DeprecationWarning)


class Counter(itertools.count):
    pass


def recorded(step):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for k in range(2000):
            next(letters)
        warnings.warn(f"{next(letters)} {next(counter)}")
    digest.add([str(warning.message) for warning in caught])


letters = itertools.cycle("abc")
counter = Counter(7)
digest = Digest()
warnings.showwarning = show
warnings.simplefilter("default")
warnings.filterwarnings("ignore", message="kind 3")
total = 0
for step in range(30000):
    noisy(step % 5)
    for k in range(300):
        total = (total * 31 + k) % 1000003
    if step % 150 == 0:
        recorded(step)
digest.add(total)
report("warnings_once", digest)
