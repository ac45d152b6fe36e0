# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Messages that are sent long before they are received, out of order by tag, large and small."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
right, left = (rank + 1) % size, (rank - 1) % size
lag = 12
digest = Digest()
sent = {}
value = rank + 1
for step in range(4500 // size + 150):
    large = np.full(9000 if step % 10 == 0 else 20, float(value % 1000))
    sent[step] = (comm.Isend(large, right, tag=1000 + step), comm.isend((step, value), left, tag=step),
                  large)
    for k in range(1200):
        value = (value * 48271 + k) % 2147483647
    if step >= lag:
        old = step - lag
        digest.add(comm.recv(source=right, tag=old))
        if old % 2:                       # the even ones wait longer still
            for number in (old, old - 1):
                into = np.empty(9000 if number % 10 == 0 else 20)
                comm.Recv(into, left, tag=1000 + number)
                digest.add(into)
        for request in sent.pop(old - 2, ((), (), None))[:2] if old >= 2 else ():
            request.wait()
comm.Barrier()
last = max(sent)
for old in range(last - lag + 1, last + 1):
    digest.add(comm.recv(source=right, tag=old))
start = last - lag + (0 if (last - lag) % 2 == 0 else 1)
for number in range(start, last + 1):
    into = np.empty(9000 if number % 10 == 0 else 20)
    comm.Recv(into, left, tag=1000 + number)
    digest.add(into)
for entry in sent.values():
    entry[0].Wait()
    entry[1].wait()
report("mpi_in_flight", digest, rank)
