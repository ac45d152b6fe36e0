# SPDX-License-Identifier: BSD-3-Clause
"""deferring.py SECONDS: holds an MPI window for so long, then nothing that a snapshot cannot hold."""
import sys
import time

from mpi4py import MPI


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def hold():
    window = MPI.Win.Allocate(64, comm=MPI.COMM_WORLD)
    compute(float(sys.argv[1]))
    window.Free()


hold()
compute(1.0)
MPI.COMM_WORLD.Barrier()
