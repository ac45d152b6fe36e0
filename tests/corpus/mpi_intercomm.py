# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 5
"""Two groups that talk over an intercommunicator, by messages and by collective calls."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
side = rank % 2
local = world.Split(side, rank)
digest = Digest()
inter = local.Create_intercomm(0, world, 1 - side, 7)
value = rank + 1
sends = []
for step in range(1600 // size + 150):
    for k in range(600):
        value = (value * 48271 + k) % 2147483647
    partner = (local.rank + step) % inter.remote_size
    sends.append(inter.isend((rank, step, value), partner, tag=step % 4))
    if step % 6 == 5:
        status = MPI.Status()
        for back in range(step - 5, step + 1):
            for source in range(inter.remote_size):
                if (source + back) % local.size == local.rank:
                    digest.add(inter.recv(source=source, tag=back % 4, status=status), status.source)
        MPI.Request.waitall(sends)
        sends.clear()
    if step % 10 == 3:
        total = np.zeros(3)
        inter.Allreduce(np.arange(3.0) + value % 100, total)
        digest.add(total)
    if step % 25 == 7:
        digest.add(inter.allreduce(value % 1000), inter.allgather(step))
    if step % 40 == 11:
        merged = inter.Merge(high=bool(side))
        digest.add(merged.allreduce(rank))
        merged.Free()
    if step % 50 == 29:
        root = MPI.ROOT if rank == 0 else MPI.PROC_NULL if side == 0 else 0
        digest.add(inter.bcast(value if rank == 0 else None, root=root))
    if step % 60 == 59:
        inter.Barrier()
        inter.Free()
        inter = local.Create_intercomm(0, world, 1 - side, step)
world.Barrier()
report("mpi_intercomm", digest, rank)
