# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
# All ranks append to one file through buffers of their own, at positions that depend on timing.
import os

from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()
digest = Digest()
value = 11 + rank
log = open("shared.log", "a", encoding="ascii")
raw = open("shared.raw", "ab", buffering=0)
for i in range(1500):
    for k in range(400):
        value = (value * 75 + k) % 65537
    log.write(f"{i:05d} of {rank}: {value}\n")
    raw.write(b"%04d%d" % (i, rank))
    if i % (7 + rank) == 0:
        log.flush()
    if i % 100 == 99:
        digest.add(comm.allreduce(value))
log.close()
raw.close()
comm.Barrier()
if rank == 0:
    with open("shared.log", encoding="ascii") as source:
        lines = sorted(source)
    data = open("shared.raw", "rb").read()
    digest.add(lines, sorted(data[i:i + 5] for i in range(0, len(data), 5)))
    os.remove("shared.log")
    os.remove("shared.raw")
report("mpi_shared_log", digest, rank)
