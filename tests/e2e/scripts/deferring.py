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
    window.Lock_all()
    compute(float(sys.argv[1]))
    window.Unlock_all()
    window.Free()


hold()
compute(1.0)
MPI.COMM_WORLD.Barrier()
