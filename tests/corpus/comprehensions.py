# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Long list, set, dict and generator comprehensions, nested and with conditions and walrus."""
from digest import Digest, report

digest = Digest()


def value(i):
    total = 0
    for k in range(i % 9):
        total += k * i
    return total


for n in range(500):
    grid = [[value(i * j) for i in range(60)] for j in range(60)]
    transposed = [[row[i] for row in grid] for i in range(60)]
    diagonal = {i: row[i] for i, row in enumerate(transposed) if value(i) % 2 == 0}
    kinds = {(x := value(i + n)) % 10 + x % 7 for i in range(3000)}
    flat = (x for row in transposed for x in row if x % 3)
    pairs = [(a, b) for a in range(40) for b in range(a) if (a + b) % (n + 2) == 0]
    running = 0
    partial = [running := (running + x) % 10007 for x in flat]
    digest.add(grid[5], diagonal, sorted(kinds), len(pairs), partial[-5:])
    digest.add(sum(len({value(x) for x in range(y)}) for y in range(40)))
    digest.add([i for i in [[k for k in range(j)] for j in range(30)] if sum(i) % 2])
report("comprehensions", digest)
