# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Receives posted one iteration ahead, computation while they are open, Test now and then."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
right, left = (rank + 1) % size, (rank - 1) % size
inbox = [np.empty(256), np.empty(256)]
digest = Digest()
state = np.arange(256.0) * (rank + 1)
steps = 14000 // size + 300
opened = comm.Irecv(inbox[0], left, tag=0)
for step in range(steps):
    ahead = comm.Irecv(inbox[(step + 1) % 2], left, tag=(step + 1) % 2) if step < steps - 1 else None
    outgoing = state.copy()
    sending = comm.Isend(outgoing, right, tag=step % 2)
    tested = 0
    while not opened.Test():
        tested += 1
        for k in range(200):
            pass
    for k in range(800):
        tested ^= k
    state = 0.5 * (state + inbox[step % 2]) + np.sin(step)
    sending.Wait()
    opened = ahead
    if step % 20 == 0:
        digest.add(state)
report("mpi_overlap", digest, rank)
