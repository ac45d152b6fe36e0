# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 3 4
"""One rank computes, the others wait for it: in every collective call, in sendrecv in all forms."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
halves = comm.Split(rank % 2)
digest = Digest()


def compute(step):
    value = 1 + rank
    for k in range(15000 if rank == step % size else 300 * rank):
        value = (value * 16807 + k) % 2147483647
    return value


def upper_case(step, value):
    mine = np.array([value % 1000003, step, rank], dtype=np.int64)
    everybody = np.zeros(3 * size, dtype=np.int64)
    total = mine.copy()
    kind = step % 8
    if kind == 0:
        comm.Barrier()
    elif kind == 1:
        comm.Allreduce(MPI.IN_PLACE, total, op=MPI.SUM)
    elif kind == 2:
        comm.Bcast(total, root=(step // 8) % size)
    elif kind == 3:
        comm.Gather(mine, everybody if rank == 0 else None)
    elif kind == 4:
        comm.Allgather(mine, everybody)
    elif kind == 5:
        comm.Reduce(mine, total, op=MPI.MAX, root=step % size)
    elif kind == 6:
        comm.Alltoall(np.repeat(mine, size), everybody)
    else:
        comm.Scan(mine, total)
    return total, everybody


def lower_case(step, value):
    root = step % size
    kind = step % 6
    if kind == 0:
        return comm.bcast({"step": step, "value": value} if rank == root else None, root)
    if kind == 1:
        return comm.gather((rank, value, "x" * (value % 500)), root)
    if kind == 2:
        return comm.scatter([(value, k) for k in range(size)] if rank == root else None, root)
    if kind == 3:
        return comm.allgather([value] * (rank + 1))
    if kind == 4:
        return comm.alltoall([value + k for k in range(size)])
    return comm.barrier()


def send_and_receive(step, value):
    right, left = (rank + 1) % size, (rank - 1) % size
    buffer = np.array([value, step, rank], dtype=np.int64)
    into = np.zeros(3, dtype=np.int64)
    kind = step % 4
    if kind == 0:
        comm.Sendrecv(buffer, right, step % 5, into, left, step % 5)
        return into
    if kind == 1:
        comm.Sendrecv_replace(buffer, right, 3, left, 3)
        return buffer
    if kind == 2:
        return comm.sendrecv({"value": value, "step": step}, right, 4, None, left, 4)
    comm.Sendrecv(buffer, right if rank % 2 else MPI.PROC_NULL, 2,
                  into, MPI.PROC_NULL if rank % 2 or left % 2 == 0 else left, 2)
    return into


for step in range(240 // size):
    value = compute(step)
    digest.add(value, send_and_receive(step, value))
    value = compute(step + 1)
    digest.add(upper_case(step, value))
    value = compute(step + 2)
    digest.add(lower_case(step, value))
    digest.add(halves.allgather(value % 17), halves.allreduce(step))
report("mpi_waiting", digest, rank)
