# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Ends with an uncaught exception and its traceback, from inside frames that were resumed."""
from digest import Digest, report


class Diverged(ArithmeticError):
    pass


def iterate(x, n):
    for i in range(n):
        x = 3.9 * x * (1 - x)
        if i % 1000 == 0:
            digest.add(x)
    return x


def solve(level, x):
    try:
        x = iterate(x, 2000000)
        if level == 0:
            raise Diverged(f"at {x!r}")
        return solve(level - 1, x)
    finally:
        iterate(x, 90000)
        print("level", level, flush=True)


digest = Digest()
try:
    solve(7, 0.5)
except Diverged as error:
    report("uncaught", digest)
    raise SystemError("gave up") from error
