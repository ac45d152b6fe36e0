# SPDX-License-Identifier: BSD-3-Clause
"""waiting.py CALL GO: the other ranks wait in CALL while rank 0 computes until the file GO exists.

Before that rank 0 comes late to the same call three times. At the end no message may be left over.
"""
import os
import sys
import time

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
right, left = (rank + 1) % size, (rank - 1) % size
name, go = sys.argv[1:]


class Noisy:
    """Pickling it is seen."""

    def __init__(self, value):
        self.value = value

    def __getstate__(self):
        print("pickled", flush=True)
        return {"value": self.value}


def sendrecv_replace(mine):
    comm.Sendrecv_replace(mine, right, 1, left, 1)
    return mine


def into(call, size_of_result):
    result = np.zeros(size_of_result)
    call(result)
    return result


def in_place(mine):
    comm.Allreduce(MPI.IN_PLACE, mine)
    return mine


CALLS = {
    "Sendrecv": lambda mine: into(lambda r: comm.Sendrecv(mine, right, 7, r, left, 7), 2),
    "Sendrecv_replace": sendrecv_replace,
    "sendrecv": lambda mine: comm.sendrecv({"from": rank, "value": mine[1]}, right, 3, None, left, 3),
    "recv": lambda mine: comm.send(list(mine), 1) if rank == 0 else comm.recv(source=rank - 1),
    "Barrier": lambda mine: comm.Barrier(),
    "Allreduce": in_place,
    "Bcast": lambda mine: into(lambda r: comm.Bcast(mine if rank == 0 else r, 0), 2),
    "bcast": lambda mine: comm.bcast(["from", 0, mine[1]] if rank == 0 else None, 0),
    "gather": lambda mine: comm.gather((rank, mine[1]), 1),
    "alltoall": lambda mine: comm.alltoall([(rank, k) for k in range(size)]),
    "noisy": lambda mine: [n.value for n in comm.allgather(Noisy(rank))],
}
results = []
for step in range(4):
    if rank == 0 and step == 3:
        with open("waiting", "w", encoding="ascii"):
            pass
    start = time.monotonic()
    while rank == 0 and (time.monotonic() < start + 0.3 or (step == 3 and not os.path.exists(go))):
        pass
    results.append(repr(CALLS[name](np.array([rank, step], dtype=float))))
comm.Barrier()
assert not comm.Iprobe(MPI.ANY_SOURCE, MPI.ANY_TAG), "a message was sent twice"
with open(f"result-{rank}.txt", "w", encoding="ascii") as out:
    out.write("\n".join(results) + "\n")
