# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Messages that are too long for the buffers they are received in: the script handles the error."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
left, right = (rank - 1) % size, (rank + 1) % size
digest = Digest()
ROOM = 4


def by_recv(into, status):
    comm.Recv(into, left, 0, status)


def by_irecv(into, status):
    comm.Irecv(into, left, 0).Wait(status)


def by_preposted(into, status):
    preposted.Wait(status)
    into[:] = preposted_into


def by_polling(into, status):
    request = comm.Irecv(into, left, 0)
    while not request.Test(status):
        pass


def by_matching(into, status):
    comm.Mprobe(left, 0).Recv(into, status)


def by_matching_later(into, status):
    comm.Mprobe(left, 0).Irecv(into).Wait(status)


def by_sendrecv(into, status):
    comm.Sendrecv(np.zeros(1), left, 2, into, left, 0, status=status)


def by_persistent(into, status):
    request = comm.Recv_init(into, left, 0)
    request.Start()
    request.Wait(status)
    request.Free()


ways = [by_recv, by_irecv, by_preposted, by_polling, by_matching, by_matching_later, by_sendrecv, by_persistent]
value = rank + 1
for step in range(1600):
    way = ways[step % len(ways)]
    preposted_into = np.full(ROOM, -1.0)
    if way is by_preposted:
        preposted = comm.Irecv(preposted_into, left, 0)
    length = (2, ROOM, ROOM + 1, 50, 300)[step // 8 % 5]
    sending = comm.Isend(np.arange(float(length)) + step, right, 0)
    for k in range(500):
        value = (value * 48271 + k) % 2147483647
    into, status = np.full(ROOM, -1.0), MPI.Status()
    try:
        way(into, status)
        outcome = status.Get_count(MPI.DOUBLE)
    except MPI.Exception as error:
        outcome = error.Get_error_class()
    sending.Wait()
    if way is by_sendrecv:
        comm.Recv(np.empty(1), right, 2)
    assert (outcome == MPI.ERR_TRUNCATE) == (length > ROOM), (way.__name__, length, outcome)
    digest.add(into[:min(length, ROOM)], outcome, value)
report("mpi_truncated", digest, rank)
