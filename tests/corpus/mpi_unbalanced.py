# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""One rank computes for long while the others wait in Barrier, Reduce or Recv."""
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
digest = Digest()
value = rank
for step in range(48):
    slow = step % size
    if rank == slow:
        for k in range(260000):
            value = (value * 69069 + k) & 0xFFFFFFFF
    if step % 4 == 0:
        comm.Barrier()
    elif step % 4 == 1:
        digest.add(comm.reduce(value, op=MPI.BXOR, root=(slow + 1) % size))
    elif step % 4 == 2:
        if rank == slow:
            for other in range(size):
                if other != rank:
                    comm.send((step, value), other)
        else:
            digest.add(comm.recv(source=slow))
    else:
        digest.add(comm.allgather(value))
report("mpi_unbalanced", digest, rank)
