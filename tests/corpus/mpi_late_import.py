# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4
"""mpi4py is imported inside a function, after a while of plain computing; objects travel by class."""
from digest import Digest, report


class Particle:
    def __init__(self, x, v):
        self.x, self.v = x, v

    def move(self):
        self.x += self.v
        if not 0.0 <= self.x < 1.0:
            self.x %= 1.0
            return True
        return False


def warm_up(n):
    total = 0
    for k in range(n):
        total = (total * 31 + k) % 1000003
    return total


def exchange():
    from mpi4py import MPI
    comm = MPI.COMM_WORLD
    rank, size = comm.rank, comm.size
    mine = [Particle(((i * 37 + rank) % 100) / 100, 0.003 + i % 7 / 500) for i in range(300)]
    for step in range(1000 // size + 150):
        leaving = [p for p in mine if p.move()]
        mine = [p for p in mine if p not in leaving]
        mine += comm.sendrecv(leaving, (rank + 1) % size, source=(rank - 1) % size)
        if step % 25 == 0:
            mine.sort(key=lambda p: (p.x, p.v))
            digest.add(step, len(mine), sum(p.x for p in mine), comm.reduce(len(mine)))
    return rank


digest = Digest()
digest.add(warm_up(6000000))
report("mpi_late_import", digest, exchange())
