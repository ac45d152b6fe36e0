# SPDX-License-Identifier: BSD-3-Clause
"""Persistent requests at the moment of the cut: never started, active, complete, between two starts."""
import array

import _handles
import numpy

SENDS = ("Send_init", "Ssend_init", "Rsend_init")


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    other = world.Dup()
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    column = MPI.DOUBLE.Create_vector(3, 1, 2).Commit()
    b = {"out": array.array("d", [0.0] * 3), "in": array.array("d", [0.0] * 3),
         "sent": numpy.full(4, 10.0 + world.rank), "got": numpy.zeros(4), "late": numpy.zeros(6),
         "any": bytearray(8), "queue": [array.array("i", [-1]) for _ in range(4)],
         "used": bytearray(4), "using": bytearray(4)}
    r = {"idle send": world.Send_init(b["out"], right, 1), "idle receive": world.Recv_init(b["in"], left, 1),
         "done send": world.Send_init(b["sent"], right, 2), "done receive": world.Recv_init(b["got"], left, 2),
         "waiting": world.Recv_init([b["late"], 1, column], left, 3),
         "any": other.Recv_init(b["any"], MPI.ANY_SOURCE, MPI.ANY_TAG),
         "nobody": world.Recv_init(bytearray(1), MPI.PROC_NULL), "bytes": world.Send_init(b"constant", right, 4),
         "nothing": world.Send_init([None, 0, MPI.BYTE], right, 5),
         "unmatched": world.Ssend_init(numpy.arange(5.0) + world.rank, right, 6),
         "used receive": world.Recv_init(b["used"], left, 7)}
    column.Free()
    modes = {name: getattr(world, name)(b["out"], right, 20 + i) for i, name in enumerate(SENDS)}
    # Posted in turns with plain ones, and started in another order than made.
    second, fourth = (world.Recv_init(b["queue"][i], left, 30) for i in (1, 3))
    queue = [world.Irecv(b["queue"][0], left, 30), second, None, fourth]
    second.Start()
    queue[2] = world.Irecv(b["queue"][2], left, 30)
    fourth.Start()
    using = world.Send_init(b["using"], right, 7)
    for number in range(3):
        b["using"][:] = bytes([number]) * 4
        MPI.Prequest.Startall([r["used receive"], using])
        MPI.Request.Waitall([r["used receive"], using])
        assert b["used"] == bytes([number]) * 4
    r["done receive"].Start()
    r["done send"].Start()
    while not (r["done receive"].Get_status() and r["done send"].Get_status()):
        pass
    MPI.Prequest.Startall([r[k] for k in ("waiting", "any", "nobody", "bytes", "nothing", "unmatched")])
    return {"world": world, "other": other, "buffers": b, "requests": r, "modes": modes, "queue": queue,
            "using": using, "all": list(r.values())}


def check_waiting(state):
    from mpi4py import MPI
    world, b, r = state["world"], state["buffers"], state["requests"]
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    status = MPI.Status()
    assert not r["waiting"].Get_status() and not r["any"].Get_status()
    assert r["done receive"].Test(status) and list(b["got"]) == [10.0 + left] * 4
    assert (status.source, status.tag, status.Get_count(MPI.DOUBLE)) == (left, 2, 4)
    r["done send"].Wait()
    assert r["nobody"].Test() and r["bytes"].Wait() and r["nothing"].Wait()
    assert not r["unmatched"].Get_status() and not r["unmatched"].Test()
    world.Barrier()
    constant = bytearray(8)
    world.Recv(constant, left, 4)
    world.Recv(bytearray(), left, 5)
    got = numpy.empty(5)
    world.Recv(got, left, 6)
    assert constant == b"constant" and list(got) == [left + i for i in range(5)]
    assert r["unmatched"].Wait() and r["unmatched"].Test()  # inactive now
    world.Barrier()
    world.Send(numpy.array([1.0, 2.0, 3.0]) + world.rank, right, 3)
    state["other"].Send(b"somebody", right, 99)
    for number in range(4):
        world.Send(array.array("i", [number]), right, 30)
    r["waiting"].Wait()
    assert list(b["late"]) == [1.0 + left, 0, 2.0 + left, 0, 3.0 + left, 0]
    r["any"].Wait(status)
    assert b["any"] == b"somebody" and (status.source, status.tag) == (left, 99)
    MPI.Request.Waitall(state["queue"])
    assert [slot[0] for slot in b["queue"]] == [0, 1, 2, 3]


def check_again(state):
    """All of them can be started and waited for again, with new content."""
    from mpi4py import MPI
    world, b, r = state["world"], state["buffers"], state["requests"]
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    for turn in range(3):
        b["out"][:] = array.array("d", [world.rank, turn, 7.0])
        b["sent"][:] = world.rank + turn
        b["using"][:] = bytes([turn, world.rank, 0, 1])
        pairs = [r[k] for k in ("idle receive", "done receive", "used receive", "waiting", "idle send",
                                "done send", "bytes", "nothing", "nobody", "unmatched")]
        MPI.Prequest.Startall(pairs + [state["using"]])
        world.Barrier()
        world.Send(numpy.array([1.0, 2.0, 3.0]) * turn, right, 3)
        MPI.Request.Waitall(pairs[:-1] + [state["using"]])
        assert list(b["in"]) == [left, turn, 7.0] and list(b["got"]) == [left + turn] * 4
        assert b["used"] == bytes([turn, left, 0, 1]) and b["late"][4] == 3.0 * turn
        world.Recv(bytearray(8), left, 4)
        world.Recv(bytearray(), left, 5)
        world.Recv(numpy.empty(5), left, 6)
        pairs[-1].Wait()
        for i, name in enumerate(SENDS):
            receive = world.Irecv(b["in"], left, 20 + i)
            world.Barrier()
            state["modes"][name].Start()
            MPI.Request.Waitall([receive, state["modes"][name]])
            assert list(b["in"]) == [left, turn, 7.0]


def check(state):
    assert state["all"][0] is state["requests"]["idle send"]
    check_waiting(state)
    check_again(state)
    made = state["all"] + [state["using"]] + list(state["modes"].values()) + [state["queue"][i] for i in (1, 3)]
    for request in made:
        assert request
        request.Free()
        assert not request
    assert _handles.live_requests() == 0
    state["world"].Barrier()
    assert not state["world"].Iprobe() and not state["other"].Iprobe()
