# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2 4
# Every field of a status after every kind of completion; MPI_ERROR stays what the script set.
import numpy
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.Get_rank(), comm.Get_size()
right, left = (rank + 1) % size, (rank - 1) % size
digest = Digest()


def take(status, error=0):
    assert status.Get_error() == error, status.Get_error()
    digest.add(status.Get_source(), status.Get_tag(), status.Get_count(MPI.DOUBLE),
               status.Get_elements(MPI.BYTE), status.Is_cancelled())


kept = MPI.Status()
kept.Set_error(MPI.ERR_OTHER)
value = 3
for i in range(2500):
    for k in range(120):
        value = (value * 75 + k) % 65537
    send = numpy.arange(i % 7, dtype="d") + value
    got = numpy.zeros(8)
    status = MPI.Status()
    comm.Sendrecv(send, right, i % 5, got, left, MPI.ANY_TAG, status)
    take(status)
    requests = [comm.Irecv(got, left, i % 3), comm.Isend(send, right, i % 3)]
    requests[i % 2].Wait(kept)
    take(kept, MPI.ERR_OTHER)
    requests[1 - i % 2].Wait()
    request = comm.Isend(send, right, 9)
    comm.Probe(left, MPI.ANY_TAG, status)
    take(status)
    status = MPI.Status()
    comm.Recv(got, MPI.ANY_SOURCE, 9, status)
    take(status)
    while not request.Test(status):
        pass
    assert status.Get_error() == 0
    digest.add(got)
report("mpi_status", digest, rank)
