# SPDX-License-Identifier: BSD-3-Clause
"""swapping.py STEPS: ranks pass numbers round a ring and add them up; result-<rank>.txt."""
import sys

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
state = np.arange(2000.0) + rank
total = 0
for step in range(int(sys.argv[1])):
    for k in range(1500):
        total = (total * 31 + k) % 1000003
    received = np.empty_like(state)
    comm.Sendrecv(state, (rank + 1) % size, 0, received, (rank - 1) % size, 0)
    state = 0.5 * (state + received[::-1]) + total % 7
    if step % 10 == 0:
        total += comm.allreduce(total + rank) % 13
with open(f"result-{rank}.txt", "w", encoding="ascii") as out:
    out.write(f"{total} {float(state.sum())!r}\n")
