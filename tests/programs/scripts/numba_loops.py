# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# refused: cannot be pickled|cannot pickle
"""Compiled loops with numba: jit, vectorize, a jitclass of its own state, typed containers."""
import numpy as np
from numba import float64, int64, njit, vectorize
from numba.typed import List


@njit
def relax(grid, steps):
    for _ in range(steps):
        for i in range(1, grid.shape[0] - 1):
            for j in range(1, grid.shape[1] - 1):
                grid[i, j] = 0.25 * (grid[i - 1, j] + grid[i + 1, j] + grid[i, j - 1] + grid[i, j + 1])
    return grid.sum()


@vectorize([float64(float64, float64)])
def soften(a, b):
    return a / (1.0 + b * b)


@njit
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


grid = np.zeros((64, 64))
grid[0] = 1.0
total = 0.0
longest = (0, 0)
for step in range(60):
    total += relax(grid, 20)
    total += float(soften(grid, grid.T).sum())
    for n in range(1 + 500 * step, 1 + 500 * (step + 1)):
        longest = max(longest, (collatz(n), n))
    if step % 10 == 0:
        print(step, repr(total), longest)
print(repr(total), longest, collatz.signatures)
