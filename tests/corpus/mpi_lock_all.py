# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 3
"""Windows that all targets are locked of for as long as they exist: accesses, flushes, shared memory."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
right, left = (rank + 1) % size, (rank - 1) % size
digest = Digest()
value = rank + 1


def work(rounds):
    global value
    for k in range(rounds):
        value = (value * 48271 + k) % 2147483647
    return value


box = np.zeros(4, dtype="i8")
window = MPI.Win.Create(box, 8, comm=world)
counters = MPI.Win.Allocate(8 * size if rank == 0 else 0, 8, comm=world)
shared = MPI.Win.Allocate_shared(8, 8, comm=world)
memory = np.frombuffer(shared.Shared_query(left)[0], dtype="i8")
mine = np.frombuffer(shared.tomemory(), dtype="i8")
for each in window, counters, shared:
    each.Lock_all(MPI.MODE_NOCHECK if each is shared else 0)

got, ticket = np.zeros(4, dtype="i8"), np.zeros(1, dtype="i8")
for step in range(150):
    window.Put(np.array([rank, step, work(500)], dtype="i8"), right)
    window.Accumulate(np.array([work(100) % 9], dtype="i8"), left, target=3)
    work(1500)
    window.Flush_all()
    request = counters.Rget_accumulate(np.ones(1, dtype="i8"), ticket, 0, target=rank)
    work(1500)
    request.Wait()
    mine[0] += step
    shared.Sync()
    world.Barrier()
    shared.Sync()
    window.Rget(got[:2], left).Wait()
    digest.add([box.tolist(), got.tolist(), int(memory[0]), int(ticket[0]), value])
    world.Barrier()

for each in window, counters, shared:
    each.Unlock_all()
    each.Free()
report("mpi_lock_all", digest, rank)
