# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Probe, Iprobe, Mprobe and Improbe with messages of unknown length and order."""
import random

import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
rng = random.Random(50 + rank)
rounds = 1600 // size + 60
digest = Digest()


def receive(way, source, tag):
    status = MPI.Status()
    if way == 0:
        comm.Probe(source, tag, status)
        data = np.empty(status.Get_count(MPI.DOUBLE))
        comm.Recv(data, source, tag)
    elif way == 1:
        while not comm.Iprobe(source, tag, status):
            for _ in range(30):
                pass
        data = np.empty(status.Get_count(MPI.DOUBLE))
        comm.Recv(data, status.Get_source(), status.Get_tag())
    elif way == 2:
        message = comm.Mprobe(source, tag, status)
        data = np.empty(status.Get_count(MPI.DOUBLE))
        message.Recv(data)
    else:
        while (message := comm.Improbe(source, tag, status)) is None:
            for _ in range(30):
                pass
        data = np.empty(status.Get_count(MPI.DOUBLE))
        message.Irecv(data).Wait()
    return data


for step in range(rounds):
    spun = sum(range(rng.randrange(3000)))
    requests = []
    for other in range(size):
        if other != rank:
            length = (rank * 7 + step * 3 + other) % 300 + 1
            requests.append(comm.Isend(np.arange(length) + float(rank), other, tag=other))
    total = 0.0
    for other in range(size):
        if other != rank:
            data = receive((step + other) % 4, other, rank)
            total += float(data.sum()) * len(data)
    MPI.Request.Waitall(requests)
    thing = comm.mprobe((rank + 1) % size, 99).recv() if step % 9 == 8 else None
    if step % 9 == 7:
        note = comm.isend(("note", step, rank), (rank - 1) % size, 99)
    if thing is not None:
        note.wait()
    digest.add(total, spun, thing)
    if step % 9 == 8:
        comm.Barrier()
if rounds % 9 == 8:
    comm.mprobe((rank + 1) % size, 99).recv()
    note.wait()
report("mpi_probe", digest, rank)
