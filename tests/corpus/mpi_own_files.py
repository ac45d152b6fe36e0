# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4
"""Each rank writes and appends its own files and draws its own random numbers; rank 0 merges them."""
import random

import numpy as np
from mpi4py import MPI

from digest import Digest, report


def trace(path):
    with open(path, "a", encoding="ascii") as out:
        while True:
            line = yield
            out.write(line + "\n")


comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
random.seed(rank)
np.random.seed(1000 + rank)
writer = trace(f"trace-{rank}.txt")
next(writer)
log = open(f"rank-{rank}.log", "w", encoding="ascii")
digest = Digest()
walk = 0.0
for step in range(60000 // size + 1500):
    for _ in range(120):
        walk += random.random() - 0.5
    walk += np.random.normal()
    log.write(f"{step} {walk!r}\n")
    if step % 50 == 0:
        writer.send(f"{step}:{walk:.6f}")
        digest.add(comm.allgather(walk))
log.close()
writer.close()
comm.Barrier()
if rank == 0:
    with open("merged.txt", "w", encoding="ascii") as merged:
        for other in range(size):
            with open(f"rank-{other}.log", encoding="ascii") as part:
                merged.writelines(part)
report("mpi_own_files", digest, rank)
