# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Messages that are matched by a probe long before they are received, and not in their order."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
left, right = (rank - 1) % size, (rank + 1) % size
digest = Digest()
held, sends = [], []
value = rank + 1
for step in range(2000 // size + 200):
    length = 6000 if step % 25 == 0 else step % 7 + 1
    sends.append(comm.Isend(np.full(length, float(rank * 1000 + step)), right, tag=step % 3))
    sends.append(comm.isend((rank, step), left, tag=50))
    for k in range(700):
        value = (value * 48271 + k) % 2147483647
    status = MPI.Status()
    message = comm.Mprobe(left, step % 3, status)
    held.append((message, status.Get_count(MPI.DOUBLE), comm.mprobe(right, 50)))
    if len(held) > 5:
        message, length, thing = held.pop(step % 4)
        into = np.empty(length)
        if step % 2:
            message.Recv(into)
        else:
            message.Irecv(into).Wait()
        digest.add(into, thing.recv() if step % 3 else thing.irecv().wait(), value)
    while len(sends) > 60:             # never one that is still held
        sends.pop(0).Wait()
for message, length, thing in held:
    into = np.empty(length)
    message.Recv(into)
    digest.add(into, thing.recv())
MPI.Request.Waitall(sends)
report("mpi_matched", digest, rank)
