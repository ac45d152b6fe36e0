# SPDX-License-Identifier: BSD-3-Clause
"""One rank lowers RLIMIT_NOFILE below what is open, for a second of snapshots, then allows it again."""
import resource
import time

import chkpt
from mpi4py import MPI

comm = MPI.COMM_WORLD
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if comm.rank == comm.size - 1:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
end = time.monotonic() + 1
first = chkpt.snapshot()
while time.monotonic() < end:
    pass
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
comm.Barrier()
resumed = comm.gather((first, chkpt.snapshot()))
if comm.rank == 0:
    print(*resumed)
