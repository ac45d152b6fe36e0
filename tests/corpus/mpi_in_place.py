# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""MPI.IN_PLACE in every collective call that knows it: what is overwritten was not when a call is made again."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD.Dup()
rank, size = comm.rank, comm.size
counts = [r + 1 for r in range(size)]
places = [sum(counts[:r]) for r in range(size)]
mine = slice(places[rank], places[rank] + counts[rank])
digest = Digest()


def spin(step):
    return sum(range((rank * 37 + step * 11) % 900))


def rows(step):
    """One row for each rank; only the own one says something."""
    table = np.zeros((size, 3))
    table[rank] = rank + step
    return table


def pieces(step):
    flat = np.zeros(sum(counts))
    flat[mine] = rank * 10 + step
    return [flat, counts, places, MPI.DOUBLE]


def pairs(step):
    """Two numbers for each rank."""
    return np.arange(2.0 * size) + rank * 100 + step


def numbers(step):
    return np.arange(4.0) + rank + step


def rooted(gather, gatherv, scatter, scatterv, reduce, step, root):
    """(what the call returned, the array it works on)."""
    own = rank == root
    table, flat, totals = rows(step), pieces(step), numbers(step)
    yield gather(MPI.IN_PLACE if own else table[rank], table if own else None, root), table
    yield gatherv(MPI.IN_PLACE if own else flat[0][mine].copy(), flat if own else None, root), flat[0]
    yield reduce(MPI.IN_PLACE if own else totals, totals if own else None, MPI.SUM, root), totals
    table, flat = rows(step) + np.arange(3.0), pieces(step)
    row, piece = np.zeros(3), np.zeros(counts[rank])
    yield scatter(table if own else None, MPI.IN_PLACE if own else row, root), row
    yield scatterv(flat if own else None, MPI.IN_PLACE if own else piece, root), piece


def together(calls, step):
    two, at = [2] * size, [2 * r for r in range(size)]
    arguments = {
        "allgather": rows(step), "allgatherv": pieces(step), "alltoall": pairs(step),
        "alltoallv": [pairs(step), two, at, MPI.DOUBLE],
        "alltoallw": [pairs(step), two, [8 * place for place in at], [MPI.DOUBLE] * size],
        "allreduce": numbers(step), "reduce_scatter_block": pairs(step), "scan": numbers(step),
        "exscan": numbers(step), "reduce_scatter": pairs(step)}
    for name, argument in arguments.items():
        array = argument[0] if isinstance(argument, list) else argument
        # Of a scattered reduction only the first part is defined.
        array = array[:2] if name.startswith("reduce_scatter") else array
        rest = ([2] * size,) if name == "reduce_scatter" else ()
        yield calls(name)(MPI.IN_PLACE, argument, *rest), array


def all_of(prefix, step):
    def calls(name):
        return getattr(comm, prefix + (name if prefix else name.capitalize()))
    names = ("gather", "gatherv", "scatter", "scatterv", "reduce")
    yield from rooted(*map(calls, names), step, step % size)
    yield from together(calls, step)


for step in range(150 // size):
    for _, array in all_of("", step):
        digest.add(array, spin(step))
    started = []
    for request, array in all_of("I", step):
        started.append((request, array))
        digest.add(spin(step + len(started)))
    if step % 3 == 0:
        MPI.Request.Waitall([request for request, _ in started])
    for request, array in started if step % 2 else started[::-1]:
        while step % 3 == 1 and not request.Test():
            spin(1)
        request.Wait()
        digest.add(array)
comm.Free()
report("mpi_in_place", digest, rank)
