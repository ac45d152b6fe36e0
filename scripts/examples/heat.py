#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""2-D heat equation on a grid of ranks, with random heat sources; plain mpi4py and numpy.

    mpirun -n 4 python3 heat.py --steps 3000 --size 256

Rank 0 writes heat.npy (the final field), residuals.txt (one number per step) and appends to
heat.log. The result depends only on the arguments and the number of ranks.
"""
import argparse
import random

import numpy as np
from mpi4py import MPI


class Grid:
    """This rank's tile of the field, with a frame of one halo cell around it."""

    def __init__(self, comm, size):
        dims = MPI.Compute_dims(comm.size, 2)
        self.cart = comm.Create_cart(dims, periods=[True, True])
        self.row, self.column = self.cart.Get_coords(self.cart.rank)
        self.rows, self.columns = size // dims[0], size // dims[1]
        self.north, self.south = self.cart.Shift(0, 1)
        self.west, self.east = self.cart.Shift(1, 1)
        self.field = np.zeros((self.rows + 2, self.columns + 2))

    def exchange_halo(self):
        field = self.field
        sends = [field[1, 1:-1].copy(), field[-2, 1:-1].copy(),
                 field[1:-1, 1].copy(), field[1:-1, -2].copy()]
        halos = [np.empty_like(line) for line in sends]
        north, south, west, east = self.north, self.south, self.west, self.east
        requests = [self.cart.Irecv(halos[0], source=south, tag=0),
                    self.cart.Irecv(halos[1], source=north, tag=1),
                    self.cart.Irecv(halos[2], source=east, tag=2),
                    self.cart.Irecv(halos[3], source=west, tag=3)]
        for tag, (line, neighbour) in enumerate(zip(sends, (north, south, west, east))):
            requests.append(self.cart.Isend(line, dest=neighbour, tag=tag))
        MPI.Request.Waitall(requests)
        field[-1, 1:-1], field[0, 1:-1] = halos[0], halos[1]
        field[1:-1, -1], field[1:-1, 0] = halos[2], halos[3]

    def add_source(self, row, column, heat):
        row, column = row - self.row * self.rows, column - self.column * self.columns
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self.field[row + 1, column + 1] += heat

    def diffuse(self, conductivity):
        """One explicit step; returns the sum of squared changes of this tile."""
        field = self.field
        change = conductivity * (field[:-2, 1:-1] + field[2:, 1:-1] + field[1:-1, :-2] +
                                 field[1:-1, 2:] - 4.0 * field[1:-1, 1:-1])
        change += 1e-6 * np.random.standard_normal(change.shape)
        field[1:-1, 1:-1] += change
        return float(np.sum(change * change))


class Journal:
    """The residual history, and a log file that grows while the program runs."""

    def __init__(self, path):
        self.log = open(path, "a", encoding="utf-8")
        self.residuals = []

    def note(self, step, residual):
        self.residuals.append(residual)
        if step % 100 == 0:
            self.log.write(f"step {step}: residual {residual!r}\n")
            self.log.flush()

    def close(self, path):
        self.log.write(f"finished after {len(self.residuals)} steps\n")
        self.log.close()
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(f"{residual!r}\n" for residual in self.residuals)


def assemble(grid, size):
    """The whole field on rank 0, None elsewhere."""
    tiles = grid.cart.gather((grid.row, grid.column, grid.field[1:-1, 1:-1].copy()), root=0)
    if tiles is None:
        return None
    whole = np.zeros((size, size))
    for row, column, tile in tiles:
        whole[row * grid.rows:(row + 1) * grid.rows,
              column * grid.columns:(column + 1) * grid.columns] = tile
    return whole


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--size", type=int, default=192, help="cells per side; a multiple of 4")
    options = parser.parse_args()

    comm = MPI.COMM_WORLD
    random.seed(2024)                   # the same sources on every rank
    np.random.seed(comm.rank + 1)       # but its own noise
    grid = Grid(comm, options.size)
    journal = Journal("heat.log") if comm.rank == 0 else None
    for step in range(1, options.steps + 1):
        if step % 10 == 1:
            place = random.randrange(options.size), random.randrange(options.size)
            grid.add_source(*place, heat=random.uniform(0.5, 1.5))
        grid.exchange_halo()
        residual = comm.allreduce(grid.diffuse(0.2), op=MPI.SUM) ** 0.5
        if journal:
            journal.note(step, residual)
            if step % 1000 == 0:
                print(f"step {step} of {options.steps}: residual {residual:.6e}", flush=True)
    whole = assemble(grid, options.size)
    if journal:
        np.save("heat.npy", whole)
        journal.close("residuals.txt")
        print(f"done: total heat {whole.sum():.9f}")


if __name__ == "__main__":
    main()
