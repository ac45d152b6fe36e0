# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Conway's game on a set of cells: sets and frozensets of tuples, set algebra, iteration order."""
from digest import Digest, report

NEIGHBOURS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]


def step(alive):
    counts = {}
    for x, y in alive:
        for a, b in NEIGHBOURS:
            cell = ((x + a) % 96, (y + b) % 96)
            counts[cell] = counts.get(cell, 0) + 1
    return {cell for cell, n in counts.items() if n == 3 or (n == 2 and cell in alive)}


alive = {(1, 0), (3, 1), (0, 2), (1, 2), (4, 2), (5, 2), (6, 2)}
alive |= {(40 + x, 40 + y) for x, y in ((0, 1), (1, 2), (2, 0), (2, 1), (2, 2))}
history = []
seen = set()
digest = Digest()
for generation in range(3500):
    before = frozenset(alive)
    alive = step(alive)
    seen.add(hash(before) % 5003)
    born, died = alive - before, before - alive
    history.append((len(alive), len(born), len(died)))
    digest.add(list(alive)[:5], sorted(born & {(x, x) for x in range(96)}), len(seen))
digest.add(history, sorted(alive))
report("game_of_life", digest)
