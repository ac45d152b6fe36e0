# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""A halo exchange with persistent requests, and one that is always waiting for a rare message."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
left, right = (rank - 1) % size, (rank + 1) % size
cells = np.arange(40.0) + 100 * rank
halo = np.zeros(2)
news, note = np.zeros(1), np.zeros(1)
exchange = [comm.Recv_init(halo[:1], left, 1), comm.Recv_init(halo[1:], right, 2),
            comm.Send_init(cells[-1:], right, 1), comm.Ssend_init(cells[:1], left, 2)]
listener = comm.Recv_init(news, MPI.ANY_SOURCE, 3)
speaker = comm.Send_init(note, right, 3)
listener.Start()
speaking = False
digest = Digest()
for step in range(2400 // size + 300):
    MPI.Prequest.Startall(exchange)
    spun = sum(range((rank * 37 + step * 11) % 900))
    if step % 5 == rank % 5:
        note[0] = rank * 1000 + step
        speaker.Start()
        speaking = True
    status = MPI.Status()
    if step % 2:
        MPI.Request.Waitall(exchange)
    else:
        for _ in exchange:
            MPI.Request.Waitany(exchange, status)
    if speaking and step % 5 == (rank + 1) % 5:
        speaker.Wait()
        speaking = False
    inside = cells.copy()
    cells[1:-1] = 0.5 * inside[1:-1] + 0.25 * (inside[:-2] + inside[2:])
    cells[0] = 0.5 * inside[0] + 0.25 * (halo[0] + inside[1])
    cells[-1] = 0.5 * inside[-1] + 0.25 * (halo[1] + inside[-2])
    if step % 5 == (left + 2) % 5 and step > 5:      # the left one has spoken two steps ago
        listener.Wait(status)
        digest.add(float(news[0]), status.source)
        listener.Start()
    digest.add(spun, halo)
comm.Barrier()
if speaking:
    speaker.Wait()
listener.Cancel()
listener.Wait(status)
digest.add(cells, status.Is_cancelled())
for request in exchange + [listener, speaker]:
    request.Free()
report("mpi_persistent", digest, rank)
