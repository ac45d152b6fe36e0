# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2
"""Memory that the ranks of a node share by its name, as multiprocessing's SharedMemory."""
import os
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory

import numpy as np
from mpi4py import MPI

from digest import Digest, report

# The tracker is a process of its own, and removes what it takes for left behind when a run is killed.
# From Python 3.13 on: track=False.
resource_tracker.register = resource_tracker.unregister = lambda *_: None

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
digest = Digest()
name = world.bcast(f"chkpt-corpus-{os.getpid()}")
if rank == 0:
    memory = SharedMemory(name, create=True, size=8 * 64)
world.Barrier()
if rank != 0:
    memory = SharedMemory(name)
cells = np.ndarray(64, "i8", buffer=memory.buf)
value = rank + 1
for step in range(60):
    for k in range(9000):
        value = (value * 48271 + k) % 2147483647
    cells[rank::size] += value % 1000
    world.Barrier()
    digest.add(int(cells.sum()), int(cells[(rank + 1) % size]))
    world.Barrier()
del cells
world.Barrier()
memory.close()
if rank == 0:
    memory.unlink()
report("mpi_named_memory", digest, rank)
