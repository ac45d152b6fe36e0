# SPDX-License-Identifier: BSD-3-Clause
# ranks: 4
"""A spectral solver with mpi4py-fft on a distributed grid: a wave equation with a cubic term."""
import numpy as np
from mpi4py import MPI
from mpi4py_fft import PFFT, newDistArray

comm = MPI.COMM_WORLD
N = 32
# FFTW would measure which way is the fastest, and round otherwise in each run.
fft = PFFT(comm, (N, N, N), axes=(0, 1, 2), dtype=float, planner_effort="FFTW_ESTIMATE")
u, v = newDistArray(fft, False), newDistArray(fft, False)
u_hat = newDistArray(fft, True)
grid = [np.arange(N)[part] * 2 * np.pi / N for part in fft.local_slice(False)]
X, Y, Z = np.meshgrid(*grid, indexing="ij")
u[:] = np.sin(X) * np.cos(Y) + 0.3 * np.sin(2 * Z)
waves = [np.fft.fftfreq(N, 1 / N), np.fft.fftfreq(N, 1 / N), np.fft.rfftfreq(N, 1 / N)]
K = np.meshgrid(*[k[part] for k, part in zip(waves, fft.local_slice(True))], indexing="ij")
K2 = sum(k * k for k in K)
dt = 0.01
for step in range(120):
    u_hat = fft.forward(u, u_hat)
    laplace = fft.backward(-K2 * u_hat)
    v += dt * (laplace - u ** 3)
    u += dt * v
    if step % 20 == 0:
        energy = comm.allreduce(float(np.sum(v * v + u ** 4 / 2)))
        if comm.rank == 0:
            print(step, repr(energy), flush=True)
parts = comm.gather(float(np.abs(u).sum()))
if comm.rank == 0:
    print([repr(part) for part in parts])
