# SPDX-License-Identifier: BSD-3-Clause
"""Groups, operations, statuses, infos and the rest; null and named objects keep their identity."""
import struct


def longest(a, b, datatype):
    """A user-defined reduction: keeps the larger of two doubles, element by element."""
    count = len(a) // 8
    left, right = struct.unpack(f"{count}d", a), struct.unpack(f"{count}d", b)
    b[:] = struct.pack(f"{count}d", *map(max, left, right))


def protocol_two(obj, protocol=2):
    import pickle
    return pickle.dumps(obj, protocol)


def numbered():
    """Objects whose numbers for Fortran code are not those of objects made first."""
    from mpi4py import MPI
    world, doubles = MPI.COMM_WORLD, MPI.DOUBLE
    makers = (world.Dup, world.Get_group, lambda: doubles.Create_contiguous(3),
              lambda: MPI.Op.Create(longest), MPI.Info.Create)
    objects = []
    for make in makers:
        freed = [make() for _ in range(3)]
        objects.append(make())
        for one in freed:
            one.Free()
    return [(one, one.py2f()) for one in [*objects, world, doubles, MPI.SUM, MPI.GROUP_EMPTY]]


def check_numbers(state):
    from mpi4py import MPI
    for one, number in state["numbered"]:
        later = type(one)(one) if isinstance(one, MPI.Op) else one
        assert one.py2f() == number == later.py2f() and type(one).f2py(number) == one, (one, number)
    others = [(new, new.py2f()) for new in [MPI.COMM_WORLD.Dup() for _ in range(9)]]
    numbers = {number for one, number in [*others, *state["numbered"]] if isinstance(one, MPI.Comm)}
    assert len(numbers) == 11, numbers
    for new, number in others:
        assert MPI.Comm.f2py(number) == new
        new.Free()


def counted():
    """Handles that the library gives again and again, each with a reference that is freed."""
    from mpi4py import MPI
    world, inner = MPI.COMM_WORLD, MPI.DOUBLE.Create_contiguous(3)
    outer = inner.Create_vector(2, 1, 2)
    return [[world.Get_group() for _ in range(3)], [world.Get_group().Incl([]) for _ in range(9)],
            [world.Get_errhandler() for _ in range(9)],
            [inner, *(outer.Get_contents()[-1][0] for _ in range(3)), outer]]


def check_counted(state):
    from mpi4py import MPI
    for one in [one for kind in state["counted"] for one in kind]:
        one.Free()
        assert not one, one
    assert MPI.GROUP_EMPTY.size == 0 and MPI.COMM_WORLD.Get_group().size == state["size"]
    assert MPI.COMM_WORLD.Get_errhandler() == state["errors"]


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    status = MPI.Status()
    world.Sendrecv(b"12345678", (world.rank + 1) % world.size, 6,
                   recvbuf=bytearray(8), source=(world.rank - 1) % world.size, recvtag=6,
                   status=status)
    touched = MPI.Status()
    touched.Set_cancelled(True)
    touched.Set_elements(MPI.INT, 3)
    touched.tag = 12
    info = MPI.Info.Create()
    info.Set("access_style", "read_once")
    info.Set("key", "value with spaces")
    group = world.Get_group()
    operation = MPI.Op.Create(longest, commute=True)
    MPI.pickle.PROTOCOL = 3
    kinds = (MPI.Comm, MPI.Group, MPI.Datatype, MPI.Op, MPI.Info, MPI.Errhandler, MPI.Request,
             MPI.Message, MPI.Win, MPI.File, MPI.Pickle)
    names = [n for n in dir(MPI) if isinstance(getattr(MPI, n), kinds)]
    memory = MPI.memory.allocate(16)
    memory[:] = b"0123456789abcdef"
    owner = bytearray(b"owned")
    return {
        "status": status, "status again": MPI.Status(status), "touched": touched,
        "fresh": MPI.Status(), "info": info, "info alias": MPI.Info(info), "info null": MPI.Info(),
        "group": group, "odd": group.Excl([0]), "reversed": group.Incl(range(world.size)[::-1]),
        "empty group": group.Incl([]), "group null": MPI.Group(),
        "operation": operation, "operation alias": MPI.Op(operation), "sum": MPI.Op(MPI.SUM),
        "named": {n: getattr(MPI, n) for n in names}, "errors": world.Get_errhandler(),
        "message": MPI.Message(), "no proc": MPI.MESSAGE_NO_PROC, "window": MPI.Win(),
        "file": MPI.File(), "memory": memory, "owner": owner, "view": MPI.memory(owner),
        "no memory": MPI.memory(), "pickler": MPI.Pickle(protocol_two),
        "exception": MPI.Exception(MPI.ERR_TRUNCATE), "rank": world.rank, "size": world.size,
        "numbered": numbered(), "counted": counted(),
    }


def check_operations(state):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    operation = state["operation"]
    assert state["operation alias"] == operation and operation.Is_commutative()
    assert not operation.is_predefined
    out = bytearray(16)
    world.Allreduce([struct.pack("2d", world.rank, -world.rank), MPI.DOUBLE], [out, MPI.DOUBLE],
                    operation)
    assert struct.unpack("2d", out) == (world.size - 1, 0)
    assert state["sum"] == MPI.SUM and state["sum"](2, 3) == 5
    assert world.allreduce(1, state["sum"]) == world.size
    operation.Free()
    assert not operation


def check_statuses(state):
    from mpi4py import MPI
    left = (state["rank"] - 1) % state["size"]
    status = state["status"]
    assert (status.source, status.tag, status.Get_count(MPI.CHAR)) == (left, 6, 8)
    assert state["status again"] == status and status is not state["status again"]
    touched = state["touched"]
    assert touched.Is_cancelled() and touched.Get_elements(MPI.INT) == 3 and touched.tag == 12
    assert state["fresh"] == MPI.Status()


def check(state):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    for name, one in state["named"].items():
        assert one is getattr(MPI, name), name
    assert len(state["named"]) > 90, len(state["named"])
    check_operations(state)
    check_statuses(state)
    check_numbers(state)
    check_counted(state)
    info = state["info"]
    assert sorted(info.items()) == [("access_style", "read_once"), ("key", "value with spaces")]
    assert state["info alias"] == info and not state["info null"]
    state["info alias"].Set("key", "new")
    assert info.Get("key") == "new"
    group, everyone = state["group"], world.Get_group()
    assert MPI.Group.Compare(group, everyone) == MPI.IDENT
    assert MPI.Group.Translate_ranks(state["reversed"], [0], everyone) == [world.size - 1]
    assert state["odd"].size == world.size - 1 and state["empty group"] == MPI.GROUP_EMPTY
    assert not state["group null"] and not state["message"] and not state["window"]
    assert not state["file"] and state["errors"] == world.Get_errhandler()
    assert bytes(state["memory"]) == b"0123456789abcdef" and len(state["no memory"]) == 0
    state["view"][0:1] = b"O"
    assert state["owner"] == b"Owned"
    assert state["pickler"].dumps(1)[:2] == b"\x80\x02"
    assert state["exception"].Get_error_class() == MPI.ERR_TRUNCATE
    assert state["exception"] == MPI.Exception(MPI.ERR_TRUNCATE)
