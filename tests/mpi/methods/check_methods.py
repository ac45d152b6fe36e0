# SPDX-License-Identifier: BSD-3-Clause
"""The table of restartable methods agrees with the MPI calls that this mpi4py makes.

Run by methods_watch on two ranks. A method may be restartable only in the first MPI call that has
an effect (after its one send, for sendrecv), and never where a later call of it looks the same.
"""
import sys
import time

try:
    import numpy as np
    from mpi4py import MPI
except ImportError as problem:
    print("skipped:", problem)
    sys.exit(77)
import _watch

comm = MPI.COMM_WORLD
rank, other = comm.rank, 1 - comm.rank
line = comm.Create_cart([2], periods=[True])
window = MPI.Win.Allocate(8, comm=comm)
one, two, four = np.zeros(1), np.zeros(2), np.zeros(4)
data = {"a": list(range(50))}
INT = MPI.INT


def waiting_for(start, wait):
    """A call of `wait` on a receive that the other rank has yet to send to."""
    def call():
        request = start()
        time.sleep(0.01 * rank)
        sent = comm.isend(data, other, 5) if start is pickled else comm.Isend(one, other, 5)
        _watch.begin()
        wait(request)
        result = _watch.end(call.method)
        sent.wait()
        return result
    return call


def pickled():
    return comm.irecv(1000, other, 5)


def plain():
    return comm.Irecv(two, other, 5)


WAITS = {
    "wait": (pickled, lambda r: r.wait()),
    "waitall": (pickled, lambda r: MPI.Request.waitall([r])),
    "waitany": (pickled, lambda r: MPI.Request.waitany([r])),
    "Wait": (plain, lambda r: r.Wait()),
    "Waitall": (plain, lambda r: MPI.Request.Waitall([r])),
    "Waitany": (plain, lambda r: MPI.Request.Waitany([r])),
    "Waitsome": (plain, lambda r: MPI.Request.Waitsome([r])),
}
if hasattr(MPI.Request, "waitsome"):
    WAITS["waitsome"] = (pickled, lambda r: MPI.Request.waitsome([r]))
RECEIVES = {
    "Recv": lambda: comm.Recv(one, other),
    "recv": lambda: comm.recv(None, other),
    "Probe": lambda: comm.Probe(other),
    "probe": lambda: comm.probe(other),
    "Mprobe": lambda: comm.Mprobe(other).Recv(one),
    "mprobe": lambda: comm.mprobe(other).recv(),
}
BOTH = {
    "Sendrecv": lambda: comm.Sendrecv(one, other, 0, two, other),
    "Sendrecv_replace": lambda: comm.Sendrecv_replace(one, other, 0, other),
    "sendrecv": lambda: comm.sendrecv(data, other, 0, None, other),
    "Barrier": comm.Barrier,
    "barrier": comm.barrier,
    "Fence": window.Fence,
    "Bcast": lambda: comm.Bcast([one, 1, INT], 0),
    "bcast": lambda: comm.bcast(data, 1),
    "Gather": lambda: comm.Gather(one, two, 0),
    "Gatherv": lambda: comm.Gatherv(one, two, 0),
    "gather": lambda: comm.gather(data, 1),
    "Scatter": lambda: comm.Scatter(two, one, 0),
    "Scatterv": lambda: comm.Scatterv(two, one, 0),
    "scatter": lambda: comm.scatter([data, data], 1),
    "Allgather": lambda: comm.Allgather(one, two),
    "Allgatherv": lambda: comm.Allgatherv(one, two),
    "allgather": lambda: comm.allgather(data),
    "Alltoall": lambda: comm.Alltoall(two, two.copy()),
    "Alltoallv": lambda: comm.Alltoallv(two, two.copy()),
    "Alltoallw": lambda: comm.Alltoallw([two, [1, 1], [0, 8], [MPI.DOUBLE] * 2],
                                        [four, [1, 1], [0, 8], [MPI.DOUBLE] * 2]),
    "alltoall": lambda: comm.alltoall([data, data]),
    "Reduce": lambda: comm.Reduce(one, two[:1], root=0),
    "Allreduce": lambda: comm.Allreduce(one, two[:1]),
    "Reduce_scatter": lambda: comm.Reduce_scatter(two, one),
    "Reduce_scatter_block": lambda: comm.Reduce_scatter_block(two, one),
    "Scan": lambda: comm.Scan(one, two[:1]),
    "Exscan": lambda: comm.Exscan(one, two[:1]),
    "Neighbor_allgather": lambda: line.Neighbor_allgather(one, two),
    "Neighbor_allgatherv": lambda: line.Neighbor_allgatherv(one, two),
    "neighbor_allgather": lambda: line.neighbor_allgather(data),
    "Neighbor_alltoall": lambda: line.Neighbor_alltoall(two, two.copy()),
    "Neighbor_alltoallv": lambda: line.Neighbor_alltoallv(two, two.copy()),
    "Neighbor_alltoallw": lambda: line.Neighbor_alltoallw(
        [two, [1, 1], [0, 8], [MPI.DOUBLE] * 2], [four, [1, 1], [0, 8], [MPI.DOUBLE] * 2]),
    "neighbor_alltoall": lambda: line.neighbor_alltoall([data, data]),
}
NEVER = {  # number their messages, or have an effect, before the first call
    "reduce": lambda: comm.reduce(data, op=lambda a, b: a),
    "allreduce": lambda: comm.allreduce(data, op=lambda a, b: a),
    "scan": lambda: comm.scan(data, op=lambda a, b: a),
    "exscan": lambda: comm.exscan(data, op=lambda a, b: a),
}
SENDS = {  # from rank 1
    "Ssend": lambda: comm.Ssend(one, 0) if rank else comm.Recv(one, 1),
    "ssend": lambda: comm.ssend(data, 0) if rank else comm.recv(None, 1),
}


def received(method, call):
    """The receiving rank comes first; what it has probed for is received afterwards."""
    comm.Barrier()
    if rank == 1:
        time.sleep(0.02)
        if method in ("recv", "mprobe"):
            comm.send(data, 0)
        else:
            comm.Send(one, 0)
        return []
    _watch.begin()
    call()
    seen = _watch.end(method)
    if method in ("Probe", "probe"):
        comm.Recv(one, 1)
    return seen


def watched(method, call, early):
    comm.Barrier()
    if rank != early:
        time.sleep(0.02)
    _watch.begin()
    call()
    return _watch.end(method)


def check(method, seen, never=False):
    """How many of the waits of one invocation were restartable."""
    good = 0
    for position, (mpi_call, effects, restartable, after_send) in enumerate(seen):
        if not restartable:
            continue
        assert not never, f"{method} is restartable in {mpi_call}"
        assert effects == int(after_send), \
            f"{method} is restartable in {mpi_call} after {effects} calls: {seen}"
        assert position == 0, f"{method}: {mpi_call} is not the first wait: {seen}"
        good += 1
    return good


missing = []
for method, call in BOTH.items():
    if not sum(check(method, watched(method, call, early)) for early in (0, 1)):
        missing.append(method)
for method, call in RECEIVES.items():
    if not check(method, received(method, call)) and rank == 0:
        missing.append(method)
for method, (start, wait) in WAITS.items():
    call = waiting_for(start, wait)
    call.method = method
    comm.Barrier()
    check(method, call())
for method, call in SENDS.items():
    if not check(method, watched(method, call, 1)) and rank == 1:
        missing.append(method)
for method, call in NEVER.items():
    for early in (0, 1):
        check(method, watched(method, call, early), never=True)
assert not missing, f"never restartable: {missing}"
window.Free()
if rank == 0:
    print("methods checked:", len(BOTH) + len(SENDS) + len(RECEIVES) + len(WAITS) + len(NEVER))
