# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""Every blocking reduction: operators, in place, Scan, Exscan, Reduce_scatter, Maxloc, user's own."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
digest = Digest()
numbers = np.arange(16, dtype="i8") * (rank + 3)
floats = np.linspace(0, 1, 16) * (rank + 1)


def collect(step):
    total = np.empty(16, dtype="i8")
    comm.Allreduce(numbers, total, op=(MPI.SUM, MPI.MAX, MPI.BXOR, MPI.MIN)[step % 4])
    comm.Reduce(floats, largest if rank == step % size else None, op=MPI.MAX, root=step % size)
    running, before = np.zeros(16), np.zeros(16)
    comm.Scan(floats, running)
    comm.Exscan(floats, before)
    if rank == 0:
        before[:] = 0
    share = np.empty(16, dtype="i8")
    comm.Reduce_scatter_block(np.tile(numbers, size), share)
    place = comm.allreduce((float(floats[step % 16]), rank), op=MPI.MAXLOC)
    everyone = np.empty((size, 16), dtype="i8")
    comm.Allgather(numbers, everyone)
    return total, running, before, share, place, everyone


largest = np.zeros(16)
for step in range(6000 // size + 100):
    results = collect(step)
    digest.add(*results, largest)
    numbers = (numbers * 5 + results[0] + step) % 1000003
    floats = np.abs(np.cos(floats + 0.01 * results[1]))
    for k in range(200 * (rank % 3)):
        pass
report("mpi_reductions", digest, rank)
