# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""A pipeline of ranks: blocks pass from stage to stage, at the end a total comes back."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
blocks = 12000 // size
digest = Digest()
pending = []


def stage(block):
    block = np.cumsum(block) % 1009
    total = 0
    for k in range(600 + 100 * rank):
        total += k % (rank + 2)
    return block + total % 13


for number in range(blocks):
    if rank == 0:
        block = np.arange(200.0) + number
    else:
        block = np.empty(200)
        comm.Recv(block, rank - 1, tag=number % 5)
    block = stage(block)
    if rank < size - 1:
        pending.append((comm.Isend(block, rank + 1, tag=number % 5), block))
        if len(pending) > 8:
            request, _ = pending.pop(0)
            request.Wait()
    else:
        digest.add(block)
for request, _ in pending:
    request.Wait()
outcome = comm.bcast(repr(digest) if rank == size - 1 else None, root=size - 1)
digest.add(outcome)
report("mpi_pipeline", digest, rank)
