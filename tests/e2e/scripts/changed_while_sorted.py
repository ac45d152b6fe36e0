# SPDX-License-Identifier: BSD-3-Clause
"""changed_while_sorted.py CALL WHAT...: the key function of a list.sort() changes the list in that call.

"stop" takes a snapshot and kills the process there, so that a resume finishes this very call.
"""
import os
import signal
import sys

try:
    import chkpt
except ImportError:  # under a python3 that has no chkpt
    chkpt = None


def stop():
    if chkpt and not chkpt.snapshot():
        os.kill(os.getpid(), signal.SIGKILL)


CHANGES = {"stop": stop, "append": lambda: data.append(99), "pop": lambda: data.pop(),
           "clear": lambda: data.clear(), "assign": lambda: data.__setitem__(slice(None), [7]),
           "sort": lambda: data.sort(), "raise": lambda: data[0]}


def key(item):
    seen.append((item, list(data)))
    if len(seen) == int(sys.argv[1]):
        for what in sys.argv[2:]:
            CHANGES[what]()
    return -item


data, seen = [5, 3, 8, 1], []
try:
    print(data.sort(key=key))
except (ValueError, IndexError) as error:
    print(repr(error))
print(data, seen)
