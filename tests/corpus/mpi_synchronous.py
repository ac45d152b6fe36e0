# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""A synchronous send is over when the receiver has asked for the message, not before."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
partner = rank ^ 1
EARLY, HERE, ASK, DATA, SAY, LAST = range(1, 7)
digest = Digest()
prepared = np.zeros(5)
persistent = comm.Ssend_init(prepared, partner, DATA)


def spin(step):
    return sum(range((rank * 37 + step * 11) % 1500))


def start_first(step):
    prepared[:] = step
    if step % 4 < 2:
        return comm.Issend(prepared.copy(), partner, DATA)
    persistent.Start()
    return persistent


def sender(step):
    first = start_first(step)
    mine = comm.Issend(np.full(1, float(step)), rank, DATA)
    plain = comm.Isend(np.full(2, -1.0), partner, DATA)
    second = comm.issend({"step": step}, partner, LAST)
    comm.send("there", partner, EARLY)
    comm.recv(source=partner, tag=HERE)
    spun = spin(step)
    assert not first.Test() and not second.Get_status()
    assert not MPI.Request.Testall([first, second])
    assert MPI.Request.Testany([first, second])[:2] == (MPI.UNDEFINED, False)
    assert not mine.Test()
    comm.Recv(prepared[:1].copy(), rank, DATA)
    mine.Wait()
    comm.send(None, partner, ASK)
    if step % 2:
        MPI.Request.Waitall([plain, first])
    else:
        first.Wait()
        plain.Wait()
    assert comm.recv(source=partner, tag=SAY) == "after data"
    assert not second.test()[0]
    comm.send(None, partner, ASK)
    assert MPI.Request.waitany([MPI.REQUEST_NULL, second])[0] == 1
    comm.Ssend(np.arange(3.0), partner, DATA)
    assert comm.iprobe(partner, SAY), "Ssend returned before its message was asked for"
    assert comm.recv(source=partner, tag=SAY) == "asking"
    comm.ssend(["pickled", step], partner, DATA)
    assert comm.iprobe(partner, SAY), "ssend returned before its message was asked for"
    comm.recv(source=partner, tag=SAY)
    digest.add(step, spun)


def receiver(step):
    comm.recv(source=partner, tag=EARLY)
    comm.send("here", partner, HERE)
    spun = spin(step)
    comm.recv(source=partner, tag=ASK)
    data, rest = np.zeros(5), np.zeros(2)
    if step % 3:
        comm.Recv(data, partner, DATA)
    else:
        message = comm.Mprobe(partner, DATA)
        spun += spin(step + 1)
        message.Recv(data)
    comm.Irecv(rest, partner, DATA).Wait()
    comm.send("after data", partner, SAY)
    comm.recv(source=partner, tag=ASK)
    digest.add(data, rest, comm.recv(source=partner, tag=LAST), spun)
    spin(step)
    comm.send("asking", partner, SAY)
    comm.Recv(data[:3], partner, DATA)
    spin(step + 5)
    comm.send("asking", partner, SAY)
    digest.add(data, comm.recv(source=partner, tag=DATA))


for step in range(2400 // size):
    (sender if (rank + step) % 2 else receiver)(step)
report("synchronous", digest, rank)
