# SPDX-License-Identifier: BSD-3-Clause
"""Messages matched by a probe before the cut and received after it, each by its own object."""
import array

import numpy


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    other = world.Dup()
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    big = numpy.arange(50_000.0) + world.rank      # the sender is still in its call when it is matched
    sends = [world.Isend(array.array("i", [world.rank, number]), right, 7) for number in range(4)]
    sends += [world.isend({"rank": world.rank}, right, 8), world.isend("left alone", right, 8),
              other.Issend(big, right, 9), world.Isend(b"", right, 10), world.isend(None, right, 11)]
    status = MPI.Status()
    held = [world.Mprobe(left, 7, status) for _ in range(2)]
    assert status.Get_count(MPI.INT) == 2
    found = None
    while found is None:
        found = other.Improbe(MPI.ANY_SOURCE, MPI.ANY_TAG)
    return {"world": world, "other": other, "big": big, "sends": sends, "held": held[::-1],
            "object": world.mprobe(left, 8), "found": found, "empty": world.Mprobe(left, 10),
            "nobody": world.Mprobe(MPI.PROC_NULL), "null": MPI.Message(), "twin": MPI.Message(held[0]),
            "none": world.mprobe(left, 11), "queue": held}


def check(state):
    from mpi4py import MPI
    world, other = state["world"], state["other"]
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    assert state["queue"][0] is state["held"][1] and state["twin"] == state["queue"][0]
    assert not state["null"] and state["nobody"] == MPI.MESSAGE_NO_PROC
    # What is matched now came later, although the library may use its handles again.
    sends = [world.Isend(array.array("i", [world.rank, number]), right, 7) for number in (4, 5, 6)]
    later = [world.Mprobe(left, 7) for _ in range(5)]
    assert len({MPI._handleof(m) for m in later + state["queue"]}) == 7
    status = MPI.Status()
    got = array.array("i", [0, 0])
    for message, number in zip(state["queue"] + later, (0, 1, 2, 3, 4, 5, 6)):
        if number % 2:
            message.Recv(got, status)
        else:
            message.Irecv(got).Wait(status)
        assert not message and list(got) == [left, number], (list(got), number)
        assert (status.source, status.tag, status.Get_count(MPI.INT)) == (left, 7, 2)
    assert state["object"].recv(status) == {"rank": left} and status.tag == 8
    assert world.recv(source=left, tag=8) == "left alone"
    assert state["none"].irecv().wait() is None
    target = numpy.zeros(50_000)
    state["found"].Recv(target, status)
    assert (target == numpy.arange(50_000.0) + left).all() and (status.source, status.tag) == (left, 9)
    state["empty"].Recv(bytearray(), status)
    assert status.Get_count(MPI.BYTE) == 0 and status.tag == 10
    MPI.Request.Waitall(state["sends"] + sends)
    world.Barrier()
    assert not world.Iprobe() and not other.Iprobe()
