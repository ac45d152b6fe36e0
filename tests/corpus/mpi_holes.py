# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Receives that are pending with datatypes that have holes, or receive nothing at all; blocks whose
places are addresses of this process."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
left, right = (rank - 1) % size, (rank + 1) % size
double = MPI.DOUBLE
vector = double.Create_vector(4, 2, 3)
KINDS = [
    (vector, 2), (double.Create_hvector(3, 1, 24), 2), (double.Create_indexed([1, 2, 1], [0, 3, 7]), 2),
    (double.Create_hindexed([2, 1], [8, 48]), 1), (double.Create_indexed_block(2, [0, 4, 8]), 1),
    (MPI.Datatype.Create_struct([1, 2, 1], [0, 8, 32], [MPI.INT, double, MPI.SHORT]), 3),
    (double.Create_subarray([4, 5], [2, 3], [1, 1]), 1),
    (double.Create_subarray([4, 5], [2, 3], [1, 1], order=MPI.ORDER_F), 1),
    (vector.Create_contiguous(2).Create_resized(0, 256), 1)]
for kind, _ in KINDS:
    kind.Commit()
from_before = double.Create_vector(3, 1, 2).Create_resized(-8, 64).Commit()
digest = Digest()


def spin(step):
    return sum(range((rank * 37 + step * 11) % 4000))


def complete(requests, step):
    if step % 4 == 0:
        left_over = set(range(len(requests)))
        while left_over:
            left_over.difference_update(MPI.Request.Testsome(requests) or ())
    elif step % 4 == 1:
        for _ in requests:
            MPI.Request.Waitany(requests)
    else:
        MPI.Request.Waitall(requests)


ring = comm.Create_dist_graph_adjacent([left], [right])


def pass_on_by_address(step):
    """The places of what is sent and received are addresses, looked up long before."""
    out, into = np.arange(9.0) + 100 * rank + step, np.full(9, -1.0)
    there = MPI.Get_address(into) + 16
    send, receive = [[MPI.BOTTOM, ([3], [where]), [double]] for where in [MPI.Get_address(out[4:]), there]]
    digest.add(spin(step), spin(step + 2))
    ring.Neighbor_alltoallw(send, receive)
    assert there == into.ctypes.data + 16, "an address of something else"
    return into


asked = MPI.Wtime()
for step in range(600 // size):
    before, asked = asked, MPI.Wtime()
    assert before <= asked, "the clock has been set back"
    into = [np.full(80, -1.0) for _ in KINDS]
    shifted = np.full(80, -2.0)
    post = comm.Irecv if step % 2 else comm.Recv_init
    receives = [post([array, count, kind], left, i) for i, (array, (kind, count)) in enumerate(zip(into, KINDS))]
    if step % 2 == 0:
        MPI.Prequest.Startall(receives)
    others = [comm.Irecv([shifted[1:], 1, from_before], left, 77), comm.Irecv([None, 0, double], left, 78),
              comm.Irecv([shifted[:0], 0, vector], left, 79)]
    digest.add(spin(step))
    out = [np.arange(80.0) + step + 100 * rank + i for i in range(len(KINDS) + 1)]
    sends = [comm.Isend([array, count, kind], right, i) for i, (array, (kind, count)) in enumerate(zip(out, KINDS))]
    digest.add(spin(step + 1))
    sends += [comm.Isend([out[-1][1:], 1, from_before], right, 77), comm.Isend([None, 0, double], right, 78),
              comm.Isend([shifted[:0], 0, vector], right, 79)]
    complete(receives + others, step)
    MPI.Request.Waitall(sends)
    digest.add(*into, shifted, pass_on_by_address(step))
    if step % 2 == 0:
        for request in receives:
            request.Free()
report("mpi_holes", digest, rank)
