# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4
"""MPI started and ended by the script itself, late and early, with pure Python before and after."""
import mpi4py

mpi4py.rc.initialize = False
mpi4py.rc.finalize = False
mpi4py.rc.fast_reduce = 1  # as --rc=fast_reduce=1 would
from mpi4py import MPI  # noqa: E402

from digest import Digest, report  # noqa: E402


def spin(n, x=1):
    for k in range(n):
        x = (x * 69069 + k) & 0xFFFFFFFF
    return x


digest = Digest()
digest.add(MPI.Is_initialized(), spin(2500000))
MPI.Init()
comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
for step in range(300):
    digest.add(comm.allreduce(spin(4000 + rank, step)), mpi4py.rc.fast_reduce)
comm.Barrier()
MPI.Finalize()
digest.add(MPI.Is_finalized(), spin(2500000 + rank))
report("mpi_manual_init", digest, rank)
