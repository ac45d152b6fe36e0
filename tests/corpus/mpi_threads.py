# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Threads that make communicators, work on them and free them: an executor's, and one on every rank."""
from threading import Thread

from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
right, left = (rank + 1) % size, (rank - 1) % size
digest = Digest()


def task(n):
    return sum(k * k % 7 for k in range(n))


def exchange(found):
    comm = world.Dup()
    half = comm.Split(rank % 2)
    group = world.group.Incl([0, 1])
    pair = world.Create_group(group) if rank < 2 else MPI.COMM_NULL
    request = comm.Irecv(buffer := bytearray(8), left, 3)
    comm.Isend(bytes([rank] * 8), right, 3).Wait()
    request.Wait()
    found += [bytes(buffer), comm.sendrecv([rank], right, source=left), half.allreduce(rank)]
    if pair:
        leaders = MPI.COMM_SELF.Create_intercomm(0, pair, 1 - rank)
        found += [pair.bcast(rank, 1), leaders.allreduce(rank)]
        leaders.Disconnect()
        pair.Free()
    for made in half, comm:
        made.Free()


def main_thread(step):
    value = rank + step
    for k in range(60000):
        value = (value * 69069 + k) & 0xFFFFFFFF
    ring = world.Create_cart([size], [True])
    digest.add(ring.sendrecv(value, right, source=left))
    ring.Free()
    digest.add(world.allreduce(value, op=MPI.BXOR))


if __name__ == "__main__":
    for step in range(12):
        if step % 3 == 0:
            with MPICommExecutor(world, root=step % size) as executor:
                if executor is not None:
                    digest.add(list(executor.map(task, range(40, 60))))
        if step % 3 == 1:
            found = []
            thread = Thread(target=exchange, args=(found,))
            thread.start()
            thread.join()
            digest.add(found)
        main_thread(step)
    report("mpi_threads", digest, rank)
