# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Communicators made and freed while the program runs: Dup, Split, Create_cart, Sub, nested splits."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report


class Team:
    """A communicator that lives in an instance, and what its members add up."""

    def __init__(self, comm, color):
        self.comm = comm.Split(color, key=-comm.rank)
        self.comm.Set_name(f"team {color}")
        self.total = np.zeros(4)

    def add(self, value):
        part = np.full(4, float(value))
        self.comm.Allreduce(MPI.IN_PLACE, part, op=MPI.SUM)
        self.total += part
        return float(self.total[0])

    def close(self):
        self.comm.Free()


world = MPI.COMM_WORLD
rank, size = world.rank, world.size
private = world.Dup()
grid = private.Create_cart(MPI.Compute_dims(size, 2), periods=[True, False])
row = grid.Sub([False, True])
digest = Digest()
for round_number in range(70):
    team = Team(private, (rank + round_number) % 2)
    inner = team.comm.Split(team.comm.rank // 2) if round_number % 3 == 0 else None
    for step in range(40):
        for k in range(400 * (rank + 1)):
            pass
        value = team.add(step + rank)
        if inner is not None:
            value += inner.allreduce(rank, op=MPI.MAX)
        value += row.bcast(rank if row.rank == 0 else None, root=0)
        source, target = grid.Shift(step % 2, 1)
        value += grid.sendrecv(value, target, source=source) or 0.0
        digest.add(value)
    digest.add(team.comm.Get_name(), team.comm.rank, grid.Get_coords(grid.rank))
    if inner is not None:
        inner.Free()
    team.close()
    other = private.Split(MPI.UNDEFINED if rank == size - 1 else 0)
    if other != MPI.COMM_NULL:
        digest.add(other.allgather(rank))
        other.Free()
digest.add(private.allgather(repr(digest)))
report("mpi_subcommunicators", digest, rank)
