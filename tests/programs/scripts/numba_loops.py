# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Compiled loops with numba: jit, parallel, from the cache on disk, vectorize, guvectorize; its arrays and
random numbers, constants frozen at compile time, and functions that are compiled on the way."""
import numpy as np
from numba import float64, guvectorize, njit, prange, vectorize

FROZEN = 3.0


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


@guvectorize(["void(float64[:], float64[:])"], "(n)->()")
def total_of(row, result):
    result[0] = 0.0
    for value in row:
        result[0] += value


@njit(cache=True)
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@njit(parallel=True)
def scaled(values):
    made = np.empty_like(values)
    for i in prange(len(values)):
        made[i] = values[i] * FROZEN
    return made


@njit
def halves(n):
    made = np.random.normal(0.0, 1.0, n)
    return made, made[n // 2:]


@njit
def seed(number):
    np.random.seed(number)


@njit
def applied(function, value):
    return function(value) + 1


def adding(constant):
    @njit
    def inner(x):
        return x + constant
    return inner


seed(11)
scaled(np.ones(2))
FROZEN = 5.0  # compiled code keeps the other
grid = np.zeros((64, 64))
grid[0] = 1.0
total = 0.0
longest = (0, 0)
adders = []
whole, half = halves(10)
for step in range(60):
    total += relax(grid, 20)
    total += float(soften(grid, grid.T).sum() + total_of(grid).sum() + scaled(grid[step])[3])
    for n in range(1 + 500 * step, 1 + 500 * (step + 1)):
        longest = max(longest, (collatz(n), n))
    if step % 20 == 7:
        adders.append(adding(step))
        whole, half = halves(10)
    total += sum(add(step) for add in adders) + applied(collatz, step + 1)
    half[0] += 1.0  # in the memory of the other
    if step % 10 == 0:
        print(step, repr(total), longest, whole.sum())
print(repr(total), longest, collatz.signatures, whole, [add(0.5) for add in adders])
