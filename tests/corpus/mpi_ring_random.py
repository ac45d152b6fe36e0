# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""A ring whose neighbours are drawn anew each round from a generator all ranks share."""
import random

import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
shared, own = random.Random(3), random.Random(100 + rank)
digest = Digest()
buffer = np.empty(64)
value = float(rank)
for step in range(4000 // size + 600):
    order = list(range(size))
    shared.shuffle(order)
    place = order.index(rank)
    right, left = order[(place + 1) % size], order[place - 1]
    for _ in range(own.randrange(1500)):
        value = (value * 1.37 + 1.0) % 1000.0
    if step % 3 == 0:
        comm.Sendrecv(np.full(64, value), right, 5, buffer, left, 5)
        value += buffer[step % 64]
    elif step % 3 == 1 and size > 1:
        if place % 2 == 0:
            comm.Send(np.full(64, value), right, tag=step % 7)
            comm.Recv(buffer, left, tag=step % 7)
        else:
            incoming = np.empty(64)
            comm.Recv(incoming, left, tag=step % 7)
            comm.Send(np.full(64, value), right, tag=step % 7)
            buffer[:] = incoming
        value += buffer.sum() % 17
    else:
        message = comm.sendrecv((rank, step, value), right, source=left)
        value += message[2] % 31
    digest.add(value)
report("mpi_ring_random", digest, rank)
