# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""Conjugate gradients on a distributed tridiagonal matrix: two Allreduce in every iteration."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
n = 480 // size
rng = np.random.RandomState(1)
target = rng.rand(480)[rank * n:(rank + 1) * n]


def dot(a, b):
    result = np.zeros(1)
    comm.Allreduce(np.array([a @ b]), result, op=MPI.SUM)
    return result[0]


def multiply(x):
    left, right = np.zeros(1), np.zeros(1)
    before = rank - 1 if rank else MPI.PROC_NULL
    after = rank + 1 if rank < size - 1 else MPI.PROC_NULL
    comm.Sendrecv(x[-1:], after, 0, left, before, 0)
    comm.Sendrecv(x[:1], before, 1, right, after, 1)
    padded = np.concatenate([left, x, right])
    return 2.1 * x - padded[:-2] - padded[2:]


digest = Digest()
for attempt in range(240 // size + 5):
    x = np.zeros(n)
    residual = target * (attempt + 1) - multiply(x)
    direction = residual.copy()
    rho = dot(residual, residual)
    iterations = 0
    while rho > 1e-20 and iterations < 100:
        q = multiply(direction)
        alpha = rho / dot(direction, q)
        x += alpha * direction
        residual -= alpha * q
        rho, old = dot(residual, residual), rho
        direction = residual + (rho / old) * direction
        iterations += 1
    digest.add(x, rho, iterations)
report("mpi_allreduce_loop", digest, rank)
