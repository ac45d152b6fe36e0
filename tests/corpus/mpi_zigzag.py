# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Skewed Sendrecv: at every instant some rank is inside a call, there is no common pause."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank = comm.rank
partner = rank ^ 1
out, into = np.zeros(3), np.zeros(3)
digest = Digest()
steps = 9000 // comm.size
if rank % 2:
    comm.Recv(into, partner)
for step in range(steps):
    for k in range(100 * (rank % 3 + 1)):
        out[step % 3] += k & 1
    out[0] += into[1] % 7 + step
    out[1] = out[0] % 101
    comm.Sendrecv(out, partner, 0, into, partner, 0)
    digest.add(into)
if rank % 2 == 0:
    comm.Send(out, partner)
report("mpi_zigzag", digest, rank)
