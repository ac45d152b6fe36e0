# SPDX-License-Identifier: BSD-3-Clause
"""B7 and B8: snapshots of a job, each beside Barriers; runs under chkpt-mpi only.

    job_snapshots.py ROUNDS BYTES        BYTES of arrays, spread over all ranks

Rank 0 prints {"barrier": {"wall": ...}, "snapshot": {"wall": ...}}, medians of the rounds.
"""
import json
import statistics
import sys
import time

import chkpt
import numpy as np
from mpi4py import MPI

BARRIERS = 50
comm = MPI.COMM_WORLD


def timed(function, times):
    comm.Barrier()
    before = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - before) / times


def main(rounds, size):
    state = np.random.default_rng(comm.rank).random(size // 8 // comm.size)
    seconds = {"barrier": [], "snapshot": []}
    for _ in range(rounds):
        seconds["barrier"].append(timed(comm.Barrier, BARRIERS))
        seconds["snapshot"].append(timed(chkpt.snapshot, 1))
    if comm.rank == 0:
        print(json.dumps({name: {"wall": statistics.median(values), "cpu": float("nan")}
                          for name, values in seconds.items()}))
    return state


main(int(sys.argv[1]), int(sys.argv[2]))
