# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Deep and mutual recursion; the depth limit stays where it was."""
import sys

from digest import Digest, report


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def hanoi(disks, source, target, spare):
    if disks == 0:
        return 0
    moves = hanoi(disks - 1, source, spare, target)
    moves += 1
    pegs[target] += disks
    return moves + hanoi(disks - 1, spare, target, source)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def depth_limit(n=0):
    try:
        return depth_limit(n + 1)
    except RecursionError:
        return n


def permutations(items):
    if len(items) <= 1:
        yield items
        return
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1:]):
            yield [item] + rest


sys.setrecursionlimit(3000)
digest = Digest()
pegs = {"a": 0, "b": 0, "c": 0}
limit = depth_limit()
for i in range(70):
    digest.add(ackermann(2, 180 + i))
    digest.add(hanoi(14, "a", "b", "c"), pegs)
    digest.add([is_even(n) for n in range(900, 960)])
    for arrangement in permutations(list(range(7))):
        if arrangement[0] == i % 7 and arrangement[-1] == (i + 1) % 7:
            digest.add(arrangement)
    assert depth_limit() == limit
report("recursion", digest)
