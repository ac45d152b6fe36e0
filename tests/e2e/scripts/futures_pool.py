# SPDX-License-Identifier: BSD-3-Clause
"""mpi4py.futures: a thread of rank 0 makes communicators together with the other ranks' main threads."""
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor


def square(number):
    return number * number


if __name__ == "__main__":
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
        if executor is not None:
            print(sum(executor.map(square, range(60))))
    total = MPI.COMM_WORLD.allreduce(MPI.COMM_WORLD.rank)
    if MPI.COMM_WORLD.rank == 0:
        print(total)
