# SPDX-License-Identifier: BSD-3-Clause
"""deferring.py SECONDS: an RMA epoch that is open for so long, then nothing a snapshot cannot hold."""
import sys
import time

from mpi4py import MPI


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def hold():
    window = MPI.Win.Allocate(64, comm=MPI.COMM_WORLD)
    window.Lock(0, MPI.LOCK_SHARED)
    compute(float(sys.argv[1]))
    window.Unlock(0)
    window.Free()


hold()
compute(1.0)
MPI.COMM_WORLD.Barrier()
