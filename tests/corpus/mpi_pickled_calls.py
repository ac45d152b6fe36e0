# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""The lower-case calls, which pickle: bcast, scatter, gather, allgather, alltoall, reduce, isend."""
from mpi4py import MPI

from digest import Digest, report


class Parcel:
    def __init__(self, rank, step):
        self.rank, self.step, self.path = rank, step, [rank]

    def __add__(self, other):
        joined = Parcel(min(self.rank, other.rank), self.step)
        joined.path = self.path + other.path
        return joined

    def __repr__(self):
        return f"Parcel({self.rank}, {self.step}, {self.path})"


comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
digest = Digest()
spun = 0
for step in range(3000 // size + 60):
    root = step % size
    sent = {"step": step, "data": "q" * (step % 3000)} if rank == root else None
    digest.add(comm.bcast(sent, root))
    gathered = comm.gather((rank, step, "z" * (rank * 100)), root=(step + 1) % size)
    digest.add(gathered)
    for k in range(2000 * (rank + step) % 5000):
        spun ^= k
    digest.add(comm.allgather(rank * step))
    digest.add(comm.scatter([(k, step) for k in range(size)] if rank == root else None, root))
    digest.add(comm.alltoall([(rank, k, step) for k in range(size)]))
    digest.add(comm.allreduce(Parcel(rank, step), op=lambda a, b: a + b if a else b))
    digest.add(comm.reduce([rank], op=MPI.SUM, root=root))
    digest.add(comm.scan(rank + step), comm.exscan(rank))
    request = comm.isend({"from": rank, "n": step}, (rank + 1) % size, tag=step % 9)
    digest.add(comm.recv(source=(rank - 1) % size, tag=step % 9))
    request.wait()
    if step % 10 == 0:
        comm.barrier()
report("mpi_pickled_calls", digest, rank)
