# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""Halo exchange with Isend and Irecv, finished by Waitall, Wait, Waitany, Testall in turn."""
import random

import numpy as np
from mpi4py import MPI

from digest import Digest, report

N = 40


def finish(requests, way):
    if way == 0:
        MPI.Request.Waitall(requests)
    elif way == 1:
        for request in requests:
            request.Wait()
    elif way == 2:
        for _ in requests:
            MPI.Request.Waitany(requests)
    else:
        while not MPI.Request.Testall(requests):
            for _ in range(50):
                pass


def main():
    comm = MPI.COMM_WORLD
    cart = comm.Create_cart(MPI.Compute_dims(comm.size, 2), periods=[1, 1])
    rng = random.Random(cart.rank)
    west, east = cart.Shift(1, 1)
    north, south = cart.Shift(0, 1)
    field = np.full((N, N), float(cart.rank)) + np.arange(N)
    digest = Digest()
    spun = 0
    for step in range(16000 // comm.size + 250):
        halos = [np.empty(N) for _ in range(4)]
        requests = [cart.Irecv(halos[k], source, tag=k)
                    for k, source in enumerate((west, east, north, south))]
        for _ in range(rng.randrange(1500)):
            spun += 1
        edges = [field[:, -1].copy(), field[:, 0].copy(), field[-1].copy(), field[0].copy()]
        requests += [cart.Isend(edges[k], target, tag=k)
                     for k, target in enumerate((east, west, south, north))]
        finish(requests, step % 4)
        field[:, 0] += 0.1 * halos[0]
        field[:, -1] -= 0.1 * halos[1]
        field[0] = 0.9 * field[0] + 0.1 * halos[2]
        field[-1] += np.sin(halos[3])
        field %= 1000.0
        if step % 20 == 0:
            heat = cart.allreduce(float(field.sum()))
            digest.add(field, heat, spun)
    cart.Free()
    report("mpi_halo_exchange", digest, comm.rank)


main()
