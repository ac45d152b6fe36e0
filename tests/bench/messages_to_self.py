# SPDX-License-Identifier: BSD-3-Clause
"""B6 on one rank: what a call through the wrappers costs, with nobody to wait for.

Two ranks that spin for each other measure the machine as soon as it has less than two idle cores;
one rank that sends to itself does not. The fastest of many short batches counts.
"""
import json
import resource
import time

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_SELF
sent, received = np.zeros(1, dtype="b"), np.zeros(1, dtype="b")
one, total = np.ones(1), np.zeros(1)
halo = [np.zeros(8) for _ in range(4)]


def isend_recv():
    request = comm.Isend(sent, 0)
    comm.Recv(received, 0)
    request.Wait()


def pickled():
    comm.send(("a", 1), 0)
    comm.recv(source=0)


def nonblocking():
    MPI.Request.Waitall([comm.Irecv(halo[0], 0, 1), comm.Irecv(halo[1], 0, 2),
                         comm.Isend(halo[2], 0, 1), comm.Isend(halo[3], 0, 2)])


CALLS = {
    "to self: Isend/Recv/Wait": isend_recv,
    "to self: send/recv pickled": pickled,
    "to self: Irecv/Isend/Waitall": nonblocking,
    "to self: Barrier": comm.Barrier,
    "to self: Allreduce": lambda: comm.Allreduce(one, total),
}
BATCHES, TIMES = 150, 300


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def batch(call):
    cpu_before, before = cpu(), time.perf_counter()
    for _ in range(TIMES):
        call()
    return (time.perf_counter() - before) / TIMES, (cpu() - cpu_before) / TIMES


measures = {}
for name, call in CALLS.items():
    batches = [batch(call) for _ in range(BATCHES)]
    measures[name] = {"wall": min(w for w, _ in batches), "cpu": min(c for _, c in batches)}
print(json.dumps(measures))
