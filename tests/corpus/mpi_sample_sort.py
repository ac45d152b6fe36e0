# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4 8
"""Sample sort: Gather, Bcast, Alltoall, Alltoallv, Scatterv and Gatherv in a loop."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
rng = np.random.RandomState(rank)
digest = Digest()
for turn in range(5000 // size + 60):
    data = np.sort(rng.randint(0, 100000, size=800 + 10 * ((rank + turn) % 7)))
    sample = data[:: max(1, len(data) // 8)][:8].copy()
    samples = np.empty(8 * size, dtype=sample.dtype) if rank == 0 else None
    comm.Gather(sample, samples, root=0)
    cuts = np.empty(size - 1, dtype=data.dtype)
    if rank == 0:
        cuts[:] = np.sort(samples)[8::8][: size - 1]
    comm.Bcast(cuts, root=0)
    ends = np.append(np.searchsorted(data, cuts), len(data)).astype("i")
    counts = np.diff(np.insert(ends, 0, 0)).astype("i")
    incoming = np.empty(size, dtype="i")
    comm.Alltoall(counts, incoming)
    mine = np.empty(incoming.sum(), dtype=data.dtype)
    comm.Alltoallv([data, counts], [mine, incoming])
    mine.sort()
    lengths = np.array(comm.allgather(len(mine)), dtype="i")
    everything = np.empty(lengths.sum(), dtype=data.dtype) if rank == 0 else None
    comm.Gatherv(mine, [everything, lengths] if rank == 0 else None, root=0)
    if rank == 0:
        assert (np.diff(everything) >= 0).all()
        digest.add(everything)
    back = np.empty(len(mine), dtype=data.dtype)
    comm.Scatterv([everything, lengths] if rank == 0 else None, back, root=0)
    assert (back == mine).all()
    digest.add(back, counts)
report("mpi_sample_sort", digest, rank)
