# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4
"""Conway's game on a Cartesian grid of ranks, with vector datatypes for the columns."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report


class Tile:
    def __init__(self, comm, side):
        self.cart = comm.Create_cart(MPI.Compute_dims(comm.size, 2), periods=[1, 1], reorder=False)
        rows, columns = (side // d for d in self.cart.dims)
        rng = np.random.RandomState(self.cart.rank)
        self.cells = np.zeros((rows + 2, columns + 2), dtype=np.int32)
        self.cells[1:-1, 1:-1] = rng.rand(rows, columns) < 0.3
        self.column = MPI.INT.Create_vector(rows + 2, 1, columns + 2).Commit()

    def swap(self):
        c, cart = self.cells, self.cart
        north, south = cart.Shift(0, 1)
        cart.Sendrecv(c[1, :].copy(), north, 0, c[-1, :], south, 0)
        cart.Sendrecv(c[-2, :].copy(), south, 1, c[0, :], north, 1)
        west, east = cart.Shift(1, 1)
        flat = c.reshape(-1)
        cart.Sendrecv([flat[1:], 1, self.column], west, 2, [flat[c.shape[1] - 1:], 1, self.column],
                      east, 2)
        cart.Sendrecv([flat[c.shape[1] - 2:], 1, self.column], east, 3, [flat, 1, self.column],
                      west, 3)

    def step(self):
        self.swap()
        c = self.cells
        around = sum(c[1 + a:c.shape[0] - 1 + a, 1 + b:c.shape[1] - 1 + b]
                     for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b)
        inner = c[1:-1, 1:-1]
        inner[:] = (around == 3) | ((around == 2) & (inner == 1))


comm = MPI.COMM_WORLD
tile = Tile(comm, 64)
digest = Digest()
for generation in range(12000 // comm.size + 600):
    tile.step()
    if generation % 50 == 0:
        digest.add(comm.allreduce(int(tile.cells[1:-1, 1:-1].sum())), tile.cells)
tile.column.Free()
report("mpi_cart_life", digest, comm.rank)
