# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""A token goes round: all ranks but one are in a blocking recv at any time."""
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
digest = Digest()
token = {"hops": 0, "value": 1, "visited": []} if rank == 0 else None
rounds = 150 // size
for lap in range(rounds):
    if token is None:
        token = comm.recv(source=(rank - 1) % size)
    for k in range(50000):
        token["value"] = (token["value"] * 16807 + k) % 2147483647
    token["hops"] += 1
    token["visited"] = token["visited"][-20:] + [rank]
    digest.add(token)
    comm.send(token, (rank + 1) % size)
    token = None
if rank == 0:
    digest.add(comm.recv(source=size - 1))
report("mpi_token_ring", digest, rank)
