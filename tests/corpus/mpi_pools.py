# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 3
"""A pool of mpi4py.futures for the whole run: its manager thread sleeps between the generations of tasks."""
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor, as_completed

from digest import Digest, report

world = MPI.COMM_WORLD
digest = Digest()


def task(seed, n):
    value = seed
    for k in range(n):
        value = (value * 69069 + k) & 0xFFFFFFFF
    if value % 11 == 0:
        raise ValueError(value)
    return value


def outcome(future):
    return repr(future.exception() or future.result())


def generations(executor):
    population = list(range(1, 9))
    for generation in range(16):
        futures = [executor.submit(task, seed, 4000) for seed in population]
        digest.add(sorted(map(outcome, as_completed(futures))))
        digest.add(list(executor.map(pow, population, range(8), chunksize=3)))
        for k in range(60000):  # the pool has nothing to do
            population[k % 8] = (population[k % 8] * 31 + k) & 0xFFFFF
        digest.add(population)


if __name__ == "__main__":
    with MPICommExecutor(world, root=world.size - 1) as executor:
        if executor is not None:
            generations(executor)
    digest.add(world.allreduce(digest.value, op=MPI.BXOR))
    report("mpi_pools", digest, world.rank)
