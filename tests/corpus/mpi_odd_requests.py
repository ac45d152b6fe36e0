# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""Duplicates in the making, buffered sends, generalized requests, cancelled and forgotten receives."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
left, right = (rank - 1) % size, (rank + 1) % size
digest = Digest()


class Job:
    """Something the script itself finishes."""

    def __init__(self, number):
        self.number = number
        self.asked = self.freed = 0
        self.request = MPI.Grequest.Start(self.query, self.free, self.cancel, (number,), {"unit": "s"})
        self.same = MPI.Request(self.request)

    def query(self, status, number, unit):
        self.asked += 1
        status.Set_source(number)
        status.Set_elements(MPI.BYTE, number)
        status.Set_cancelled(False)

    def free(self, number, unit):
        self.freed += 1

    def cancel(self, completed, number, unit):
        raise AssertionError("nobody cancels it")


def finish(job):
    assert not job.request.Test() and not job.same.Test()
    job.request.Complete()
    spun = sum(range((rank * 53 + job.number * 7) % 700))
    status = MPI.Status()
    job.request.Wait(status)
    digest.add(status.source, status.Get_count(MPI.BYTE), job.asked, job.freed, spun)


space = 4096 + MPI.BSEND_OVERHEAD * 8
buffer = MPI.Alloc_mem(space) if rank % 2 else np.zeros(space, dtype="u1")
MPI.Attach_buffer(buffer)
listener = bytearray(8)
waiting = world.Irecv(listener, left, 99)
standing = world.Bsend_init(np.full(4, float(rank)), right, 5)
jobs = [Job(n) for n in range(3)]
for step in range(900 // size):
    duplicate, request = world.Idup()
    world.Bsend(np.arange(float(step % 30)), right, 1)
    sends = [world.Ibsend(np.full(3, step), right, 2), standing]
    standing.Start()
    finish(jobs.pop(0))
    jobs.append(Job(step + 3))
    got = [np.zeros(step % 30), np.zeros(3, dtype=int), np.zeros(4)]
    for place, tag in zip(got, (1, 2, 5)):
        world.Recv(place, left, tag)
    MPI.Request.Waitall(sends)
    digest.add(*got)
    never = world.Irecv(bytearray(4), left, 77)
    never.Cancel()
    spun = sum(range((rank * 37 + step * 11) % 900))
    status = MPI.Status()
    never.Wait(status)
    assert status.Is_cancelled()
    if step % 10 == 3:
        # Its buffer is all that is left of this one.
        forgotten = np.zeros(2)
        world.Irecv(forgotten, left, 6).Free()
        world.Send(np.array([rank, step], dtype=float), right, 6)
        while not forgotten[1]:
            world.Iprobe(left, 6)
        digest.add(forgotten)
    request.Wait()
    digest.add(duplicate.allreduce(rank + step))
    duplicate.Free()
    if step % 50 == 0:
        back = MPI.Detach_buffer()
        assert back is buffer
        MPI.Attach_buffer(back)
assert MPI.Detach_buffer() is buffer
assert not waiting.Test()
waiting.Cancel()
waiting.Wait()
standing.Free()
report("odd requests", digest, rank)
