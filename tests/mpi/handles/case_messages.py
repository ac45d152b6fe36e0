# SPDX-License-Identifier: BSD-3-Clause
"""Messages sent before the cut and received after it, in order, by every way of receiving."""
import array


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    right = (world.rank + 1) % world.size
    halves = world.Split(world.rank % 2, world.rank)
    other = world.Dup()
    held = []
    for number in range(6):  # same tag: order matters
        held.append(world.Isend(array.array("i", [world.rank, number]), right, 7))
    for number in range(8):
        held.append(world.isend({"from": world.rank, "number": number}, right, 100 + number))
    held.append(other.Isend(b"other communicator", right, 7))
    held.append(halves.Isend(bytearray(range(200)), (halves.rank + 1) % halves.size, 3))
    held.append(world.Isend(b"", right, 55))
    big = array.array("d", range(100_000))  # beyond the eager limit: leaves the sender only when drained
    held.append(world.Isend(big, right, 56))
    for number in range(3):  # received with ANY_SOURCE and ANY_TAG
        held.append(other.isend(("any", world.rank, number), right, 40 + number))
    return {"world": world, "halves": halves, "other": other, "held": held, "big": big}


def receive_arrays(world, left):
    from mpi4py import MPI
    got = array.array("i", [0, 0])
    status = MPI.Status()
    world.Recv(got, left, 7, status)
    assert list(got) == [left, 0] and status.Get_count(MPI.INT) == 2 and status.tag == 7
    world.Probe(left, 7, status)
    assert status.source == left and status.Get_count(MPI.INT) == 2
    world.Recv(got, left, 7)
    assert list(got) == [left, 1]
    message = world.Mprobe(left, 7)
    message.Recv(got)
    assert list(got) == [left, 2] and not message
    request = world.Irecv(got, left, 7)
    request.Wait(status)
    assert list(got) == [left, 3] and status.source == left and status.Get_count(MPI.INT) == 2
    assert world.Iprobe(left, 7)
    found = world.Improbe(left, 7)
    request = found.Irecv(got)
    request.Wait()
    assert list(got) == [left, 4]
    requests = [world.Irecv(got, left, 7), world.Irecv(bytearray(1), left, 55)]
    MPI.Request.Waitall(requests)
    assert list(got) == [left, 5]
    assert not world.Iprobe(left, 7)


def receive_objects(world, left):
    from mpi4py import MPI

    def expected(number):
        return {"from": left, "number": number}

    assert world.recv(source=left, tag=103) == expected(3)  # not the oldest one
    assert world.recv(source=left, tag=100) == expected(0)
    assert world.irecv(source=left, tag=101).wait() == expected(1)
    assert world.mprobe(left, 102).recv() == expected(2)
    done, value = world.irecv(source=left, tag=104).test()
    assert done and value == expected(4)
    assert MPI.Request.waitall([world.irecv(source=left, tag=105)]) == [expected(5)]
    status = MPI.Status()
    assert world.iprobe(left, 106, status) and status.tag == 106
    assert world.recv(source=left, tag=106, status=status) == expected(6) and status.tag == 106
    assert world.sendrecv("across", (world.rank + 1) % world.size, 999, None, left, 107) == expected(7)
    assert world.recv(source=left, tag=999) == "across"


def check(state):
    from mpi4py import MPI
    world, halves, other = state["world"], state["halves"], state["other"]
    left = (world.rank - 1) % world.size
    MPI.Request.Waitall(state["held"])
    receive_arrays(world, left)
    receive_objects(world, left)
    big = array.array("d", bytes(800_000))
    world.Recv(big, left, 56)
    assert big == state["big"]
    text = bytearray(18)
    other.Recv(text, MPI.ANY_SOURCE, 7)
    assert text == b"other communicator"
    status = MPI.Status()
    for number in range(3):
        got = other.recv(source=MPI.ANY_SOURCE, tag=MPI.ANY_TAG, status=status)
        assert got == ("any", left, number) and status.tag == 40 + number
    numbers = bytearray(200)
    halves.Recv(numbers, (halves.rank - 1) % halves.size, 3)
    assert numbers == bytearray(range(200))
    world.Barrier()
    for comm in (world, halves, other):
        assert not comm.Iprobe()
    world.Barrier()
    # Channels go on: new messages come after the old ones.
    assert world.sendrecv(world.rank, (world.rank + 1) % world.size, source=left) == left
