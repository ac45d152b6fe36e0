# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""sys.exit with a code through finally blocks and atexit functions registered before the cut."""
import atexit
import sys

from digest import Digest, report


class Tally:
    def __init__(self):
        self.value = 1

    def spin(self, n):
        for k in range(n):
            self.value = (self.value * 16807 + k) % 2147483647
        return self.value


def farewell(name, *, mark):
    print("bye", name, mark, tally.value)


tally = Tally()
digest = Digest()
atexit.register(farewell, "first", mark=1)
atexit.register(tally.spin, 10)
try:
    for i in range(30):
        digest.add(tally.spin(900000))
        print("round", i, tally.value)
        if i == 12:
            try:
                sys.exit(41)
            finally:
                tally.spin(1000000)
finally:
    report("exit_code", digest)
