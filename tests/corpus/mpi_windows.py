# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""One-sided communication: fences, locks, and post/start/complete/wait, on windows of all makers."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
right, left = (rank + 1) % size, (rank - 1) % size
digest = Digest()
value = rank + 1


def work(rounds):
    global value
    for k in range(rounds):
        value = (value * 48271 + k) % 2147483647
    return value


def halo(window, cells, step):
    """Puts the own edge into the neighbours' ghost cells."""
    cells[1:-1] = np.roll(cells[1:-1], 1) * 0.5 + work(400) % 97
    window.Fence()
    window.Put(cells[1:2], left, target=len(cells) - 1)
    work(200)
    window.Put(cells[-2:-1], right, target=0)
    window.Fence(MPI.MODE_NOSUCCEED if step % 3 == 0 else 0)


def count(counters, step):
    """Rank 0 owns the counters; everybody takes tickets under a lock."""
    ticket = np.zeros(1, dtype="i8")
    counters.Lock(0)
    counters.Accumulate(np.array([work(100) % 5], dtype="i8"), 0, target=step % 4)
    counters.Unlock(0)
    work(300)
    counters.Lock(0, MPI.LOCK_SHARED)
    counters.Fetch_and_op(np.ones(1, dtype="i8"), ticket, 0, 4)
    counters.Unlock(0)
    return 0 <= ticket[0] < 10**9


def hand_over(window, box, step):
    """The neighbour on the right gets a message by general active target synchronisation."""
    group = world.group
    to, source = group.Incl([right]), group.Incl([left])
    window.Post(source)
    window.Start(to)
    window.Put(np.array([rank, step, work(100)], dtype="i8"), right)
    window.Complete()
    window.Wait()
    got = box.tolist()
    for one in (group, to, source):
        one.Free()
    return got


pair = world.Split(rank // 2, rank)
cells = np.arange(18, dtype="d") + rank
edges = MPI.Win.Create(cells, 8, comm=world)
edges.Set_name("edges")
counters = MPI.Win.Allocate(40 if rank == 0 else 0, 8, comm=world)
mailbox = MPI.Win.Allocate(24, 1, comm=pair if size == 2 else world)
pair.Free()  # a window outlives its communicator
held = np.frombuffer(counters, dtype="i8") if rank == 0 else None
box = np.ndarray(3, dtype="i8", buffer=mailbox.tomemory())
box[:] = 0
if rank == 0:
    held[:] = 0
world.Barrier()

for step in range(400 // size + 60):
    halo(edges, cells, step)
    if not count(counters, step):
        raise SystemExit("a ticket that nobody has printed")
    digest.add(hand_over(mailbox, box, step))
    if step % 20 == 7:
        short = MPI.Win.Allocate(8, comm=world)
        part = np.frombuffer(short, dtype="f8")
        part[0] = step + rank
        work(2000)
        short.Fence()
        seen = np.zeros(1)
        short.Get(seen, right)
        short.Fence()
        digest.add(seen[0])
        del part
        short.Free()
    if step % 10 == 3:
        world.Barrier()
        if rank == 0:
            digest.add(held.tolist())
        world.Barrier()
    digest.add(cells[0], cells[-1])

world.Barrier()
digest.add(cells, edges.name, np.frombuffer(edges, dtype="d").sum(), edges.Get_group().size)
if rank == 0:
    digest.add(held)
del held, box
for window in (edges, counters, mailbox):
    window.Free()
report("mpi_windows", digest, rank)
