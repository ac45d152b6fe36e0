# SPDX-License-Identifier: BSD-3-Clause
"""An MPI file stays open whose object is gone, as one that a library under Python has opened."""
import time

from mpi4py import MPI

MPI.File.Open(MPI.COMM_WORLD, "dropped.bin", MPI.MODE_CREATE | MPI.MODE_RDWR)
end = time.monotonic() + 1
while time.monotonic() < end:
    pass
