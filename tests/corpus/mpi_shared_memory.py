# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Ranks of a node that compute in one shared array, and one kept by its owner's parts."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
node = world.Split_type(MPI.COMM_TYPE_SHARED)
rank, size = node.rank, node.size
digest = Digest()
value = rank + 1
N = 16

whole = MPI.Win.Allocate_shared(8 * N * size if rank == 0 else 0, 8, comm=node)
memory, unit = whole.Shared_query(0)
table = np.ndarray((size, N), dtype="d", buffer=memory)
parts = MPI.Win.Allocate_shared(8 * N, 8, comm=node)
mine = np.frombuffer(parts, dtype="d")
neighbour = np.ndarray(N, dtype="d", buffer=parts.Shared_query((rank + 1) % size)[0])
if rank == 0:
    table[:] = np.arange(size * N).reshape(size, N)
mine[:] = rank
whole.Fence()
row = table[rank]  # a view of a view

for step in range(600 // size + 100):
    for k in range(400):
        value = (value * 48271 + k) % 2147483647
    row += value % 1000
    mine[step % N] += row[0]
    node.Barrier()
    digest.add(table[(rank + step) % size], neighbour[step % N])
    for k in range(300):
        value = (value * 16807 + k) % 2147483647
    node.Barrier()
    if step % 15 == 4:
        total = np.zeros(1)
        node.Allreduce(row[:1].copy(), total)
        digest.add(total[0], unit)

node.Barrier()
digest.add(table, mine, neighbour, np.shares_memory(row, table), memory.nbytes)
node.Barrier()
del memory, table, row, mine, neighbour
for window in (whole, parts):
    window.Free()
world.Barrier()
report("mpi_shared_memory", digest, world.rank)
