# SPDX-License-Identifier: BSD-3-Clause
"""Requests of every kind at the moment of the cut: complete, pending, shared, null, refused."""
import array

import _handles
import numpy


def complete(world):
    from mpi4py import MPI
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    got = array.array("d", [0.0] * 5)
    send = world.Isend(array.array("d", [world.rank] * 3), right, 1)
    receive = world.Irecv(got, left, 1)
    text = world.irecv(source=left, tag=2)
    mailbox = bytearray(1000)
    boxed = world.irecv(mailbox, left, 3)
    sends = [world.isend("text", right, 2), world.isend(["box"], right, 3), send]
    one, total = array.array("i", [1]), array.array("i", [0])
    ring = [world.Ibarrier(), world.Iallreduce(one, total)]
    while not all(r.Get_status() for r in [receive, text, boxed] + sends + ring):
        pass
    return {"got": got, "receive": receive, "alias": MPI.Request(receive), "text": text,
            "mailbox": mailbox, "boxed": boxed, "sends": sends, "ring": ring, "one": one, "total": total,
            "nobody": world.Irecv(bytearray(4), MPI.PROC_NULL),
            "nowhere": world.Isend(b"x", MPI.PROC_NULL)}


def pending(world, other):
    from mpi4py import MPI
    left = (world.rank - 1) % world.size
    vector = MPI.DOUBLE.Create_vector(3, 1, 2).Commit()
    arrays = {
        "bytes": bytearray(8), "array": array.array("d", [0.0] * 4), "numpy": numpy.zeros((3, 4)),
        "fortran": numpy.zeros((3, 4), order="F"), "strided": numpy.zeros(6),
        "part": numpy.zeros(10), "any": numpy.zeros(2), "time": numpy.zeros(2, "M8[s]"),
        "empty": bytearray(), "box": bytearray(400),
    }
    requests = {
        "bytes": world.Irecv(arrays["bytes"], left, 10),
        "array": world.Irecv([arrays["array"], 2, 1, MPI.DOUBLE], left, 11),
        "numpy": world.Irecv(arrays["numpy"], left, 12),
        "fortran": world.Irecv(arrays["fortran"], left, 13),
        "strided": world.Irecv([arrays["strided"], 1, vector], left, 14),
        "part": world.Irecv([arrays["part"], (3, 2), MPI.DOUBLE], left, 15),
        "any": other.Irecv(arrays["any"], MPI.ANY_SOURCE, MPI.ANY_TAG),
        "time": world.Irecv([arrays["time"], MPI.LONG], left, 16),
        "empty": world.Irecv(arrays["empty"], left, 17),
        "nothing": world.Irecv([None, 0, MPI.DOUBLE], left, 21),
        "object": world.irecv(source=left, tag=18),
        "small": world.irecv(300, source=left, tag=19),
        "box": world.irecv(arrays["box"], left, 20),
    }
    vector.Free()  # a pending receive may outlive the handle of its datatype
    slots = [array.array("i", [-1]) for _ in range(5)]
    queue = [world.Irecv(slot, left, 30) for slot in slots]  # served in the order of posting
    queue_any = [other.irecv(source=MPI.ANY_SOURCE, tag=31) for _ in range(3)]
    # Listed in another order than posted.
    return {"arrays": arrays, "requests": requests, "slots": slots, "queue": queue[::-1],
            "queue_any": queue_any[::-1], "twin": MPI.Request(requests["bytes"]),
            "tuple": (requests["bytes"],)}


def refused(state):
    """The state cannot be saved, for the reason given."""
    import phase
    try:
        phase.dump(state)
    except ValueError as error:
        return str(error)
    raise AssertionError("saved")


def check_refusals(world):
    from mpi4py import MPI
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    buffer = bytearray(4)
    forgotten = world.Irecv(buffer, left, 91)
    assert "no longer has" in refused({"only": buffer})
    assert "tag 91" in refused({"only": buffer})
    address = MPI.Get_address(buffer)
    block = MPI.Datatype.Create_struct([4], [address], [MPI.BYTE]).Commit()
    bare = world.Irecv([MPI.BOTTOM, 1, block], left, 92)
    assert "bare address" in refused({"forgotten": forgotten, "bare": bare})
    world.Barrier()
    sends = [world.Isend(b"1234", right, 91), world.Isend(b"5678", right, 92)]
    MPI.Request.Waitall([forgotten, bare] + sends)
    assert buffer in (b"1234", b"5678")
    persistent = world.Recv_init(buffer, left, 93)
    assert "two Request objects" in refused([persistent, MPI.Prequest(persistent)])
    persistent.Free()
    block.Free()


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    other = world.Dup()
    check_refusals(world)
    waited = world.Ibarrier()
    waited.Wait()
    return {"world": world, "other": other, "complete": complete(world),
            "pending": pending(world, other), "null": MPI.REQUEST_NULL, "waited": waited,
            "default": MPI.Request(), "persistent": MPI.Prequest()}


def check_complete(world, c):
    from mpi4py import MPI
    left = (world.rank - 1) % world.size
    status = MPI.Status()
    assert c["alias"] == c["receive"] and c["alias"] is not c["receive"]
    assert c["receive"].Get_status(status) and status.Get_count(MPI.DOUBLE) == 3
    assert c["receive"].Test(status)
    assert not c["receive"] and status.source == left and status.tag == 1
    assert status.Get_count(MPI.DOUBLE) == 3 and list(c["got"]) == [left] * 3 + [0, 0]
    assert c["text"].wait(status) == "text" and status.tag == 2
    done, value = c["boxed"].test()
    assert done and value == ["box"] and bytes(c["mailbox"][:2]) == b"\x80\x05"
    assert MPI.Request.waitall(c["sends"]) == [None] * 3
    assert MPI.Request.Testall(c["ring"]) and c["total"][0] == world.size
    assert c["nobody"].Wait() and c["nowhere"].Wait()


def check_pending(world, other, p):
    from mpi4py import MPI
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    requests, arrays = p["requests"], p["arrays"]
    assert p["tuple"][0] is requests["bytes"] and p["twin"] == requests["bytes"]
    assert not any(r.Test() for r in requests.values() if r is not requests["object"])
    world.Barrier()
    me = float(world.rank)
    world.Send(bytes([world.rank] * 8), right, 10)
    world.Send(array.array("d", [me, me + 1]), right, 11)
    world.Send(numpy.arange(12.0) + me, right, 12)
    world.Send(numpy.arange(12.0) + me, right, 13)
    world.Send(numpy.array([1.0, 2.0, 3.0]) + me, right, 14)
    world.Send(numpy.array([4.0, 5.0]) + me, right, 15)
    other.Send(numpy.array([6.0, 7.0]) + me, right, 77)
    world.Send([numpy.array([8, 9]), MPI.LONG], right, 16)
    world.Send(b"", right, 17)
    world.Send([None, 0, MPI.DOUBLE], right, 21)
    for tag in (18, 19, 20):
        world.send({"tag": tag, "rank": world.rank}, right, tag)
    for number in range(5):
        world.Send(array.array("i", [number]), right, 30)
    for number in range(3):
        other.send(number, right, 31)
    for key in ("object", "small", "box"):
        assert requests[key].wait() == {"tag": {"object": 18, "small": 19, "box": 20}[key],
                                        "rank": left}
    status = MPI.Status()
    requests["any"].Wait(status)
    assert (status.source, status.tag) == (left, 77)
    MPI.Request.Waitall([r for k, r in requests.items() if k != "any"] + p["queue"])
    assert [MPI.Request.wait(r) for r in p["queue_any"]] == [2, 1, 0]
    assert [s[0] for s in p["slots"]] == [0, 1, 2, 3, 4]
    from_left = float(left)
    assert arrays["bytes"] == bytes([left] * 8)
    assert list(arrays["array"]) == [0, from_left, from_left + 1, 0]
    assert (arrays["numpy"] == numpy.arange(12.0).reshape(3, 4) + from_left).all()
    assert (arrays["fortran"].T.ravel() == numpy.arange(12.0) + from_left).all()
    assert list(arrays["strided"]) == [1 + from_left, 0, 2 + from_left, 0, 3 + from_left, 0]
    assert list(arrays["part"][1:5]) == [0, 4 + from_left, 5 + from_left, 0]
    assert list(arrays["any"]) == [6 + from_left, 7 + from_left]
    assert list(arrays["time"].astype("i8")) == [8, 9]


def check(state):
    from mpi4py import MPI
    assert state["null"] is MPI.REQUEST_NULL and not state["waited"] and not state["default"]
    assert type(state["persistent"]) is MPI.Prequest and not state["persistent"]
    check_complete(state["world"], state["complete"])
    check_pending(state["world"], state["other"], state["pending"])
    assert _handles.live_requests() == 0
    state["world"].Barrier()
    assert not state["world"].Iprobe() and not state["other"].Iprobe()
