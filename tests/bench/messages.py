# SPDX-License-Identifier: BSD-3-Clause
"""B6: the time of one MPI call of each kind through mpi4py; rank 0 reports the best of some batches.

The calls are short and the machine is shared: a batch that was interrupted says nothing, so the
fastest of ten batches counts.
"""
import json
import resource
import time

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, peer = comm.rank, comm.rank ^ 1
byte, large = np.zeros(1, dtype="b"), np.zeros(1 << 17)
one, total = np.ones(1), np.zeros(1)
halo = [np.zeros(64) for _ in range(4)]


def round_trip(buffer):
    if rank == 0:
        comm.Send(buffer, peer)
        comm.Recv(buffer, peer)
    else:
        comm.Recv(buffer, peer)
        comm.Send(buffer, peer)


def pickled():
    if rank == 0:
        comm.send(("a", 1), peer)
        comm.recv(source=peer)
    else:
        comm.recv(source=peer)
        comm.send(("a", 1), peer)


def nonblocking():
    MPI.Request.Waitall([comm.Irecv(halo[0], peer, 1), comm.Irecv(halo[1], peer, 2),
                         comm.Isend(halo[2], peer, 1), comm.Isend(halo[3], peer, 2)])


CALLS = {
    "Send/Recv of 1 byte": (lambda: round_trip(byte), 3000),
    "Send/Recv of 1 MiB": (lambda: round_trip(large), 40),
    "send/recv pickled": (pickled, 2000),
    "Irecv/Isend/Waitall": (nonblocking, 1500),
    "Barrier": (comm.Barrier, 3000),
    "Allreduce of 1 double": (lambda: comm.Allreduce(one, total), 3000),
}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def batch(call, times):
    comm.Barrier()
    cpu_before, before = cpu(), time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - before) / times, (cpu() - cpu_before) / times


measures = {}
for name, (call, times) in CALLS.items():
    batches = [batch(call, times) for _ in range(10)]
    measures[name] = {"wall": min(w for w, _ in batches), "cpu": min(c for _, c in batches)}
if rank == 0:
    print(json.dumps(measures))
