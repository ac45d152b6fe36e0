# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4 8
"""Master and workers with ANY_SOURCE and ANY_TAG; the results do not depend on who was quicker."""
from mpi4py import MPI

from digest import Digest, report

WORK, RESULT, STOP = 1, 2, 3


def compute(job):
    value = job
    for k in range(3000 + job % 1000):
        value = (value * 48271 + k) % 2147483647
    return value


def master(comm, jobs):
    status = MPI.Status()
    results = {}
    waiting = iter(range(jobs))
    busy = 0
    for worker in range(1, comm.size):
        job = next(waiting, None)
        if job is not None:
            comm.send({"job": job, "text": "x" * (job % 300)}, worker, WORK)
            busy += 1
    while busy:
        job, value = comm.recv(source=MPI.ANY_SOURCE, tag=MPI.ANY_TAG, status=status)
        assert status.Get_tag() == RESULT
        results[job] = value
        busy -= 1
        job = next(waiting, None)
        if job is not None:
            comm.send({"job": job, "text": "y" * (job % 5000)}, status.Get_source(), WORK)
            busy += 1
    for worker in range(1, comm.size):
        comm.send(None, worker, STOP)
    return [results[job] for job in range(jobs)]


def work(comm):
    status = MPI.Status()
    while True:
        order = comm.recv(source=0, tag=MPI.ANY_TAG, status=status)
        if status.Get_tag() == STOP:
            return
        comm.send((order["job"], compute(order["job"]) + len(order["text"])), 0, RESULT)


comm = MPI.COMM_WORLD
digest = Digest()
if comm.rank == 0:
    digest.add(master(comm, 2000))
else:
    work(comm)
report("mpi_master_worker", digest, comm.rank)
