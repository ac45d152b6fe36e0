# SPDX-License-Identifier: BSD-3-Clause
"""RMA windows: on the script's memory, the library's, and shared; with what the library knows of them."""


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    rank, size = world.rank, world.size
    own = bytearray(range(16)) + bytearray([rank])
    created = MPI.Win.Create(own, 1, comm=world)
    created.Set_name("created")
    twin = MPI.Win(created)
    brief = world.Dup()
    outliving = MPI.Win.Allocate(8 + rank, 4, comm=brief)
    brief.Free()
    info = MPI.Info.Create()
    info.Set("alloc_shared_noncontig", "true")
    shared = MPI.Win.Allocate_shared(16, 8, info, world)
    info.Free()
    memory = outliving.tomemory()
    memory[:] = bytes([rank + 1]) * (8 + rank)
    shared.Shared_query(rank)[0][:16] = bytes([rank + 50]) * 16
    shared.Shared_query(rank)[0][-1] = rank  # the library may give more than was asked for
    empty = MPI.Win.Create(None, comm=world)
    freed = MPI.Win.Allocate(8, comm=world)
    freed.Free()
    fenced = MPI.Win.Allocate(8, 8, comm=world)
    fenced.Fence()
    fenced.Put(bytes([rank] * 8), (rank + 1) % size)
    fenced.Fence()
    given = MPI.Alloc_mem(24)
    given[:] = bytes(range(rank, rank + 24))
    on_given = MPI.Win.Create(given, 1, comm=world)
    part = MPI.memory.fromaddress(given.address + 8, 8)
    MPI.Free_mem(MPI.Alloc_mem(8))
    world.Barrier()
    return {"given": given, "on given": on_given, "part": part, "own": own, "created": created, "twin": twin, "made": created.tomemory(), "outliving": outliving, "memory": memory, "shared": shared,
            "other": shared.Shared_query((rank + 1) % size)[0], "empty": empty, "freed": freed,
            "fenced": fenced}


def check(state):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    rank, size = world.rank, world.size
    right, left = (rank + 1) % size, (rank - 1) % size
    created, own = state["created"], state["own"]
    assert created.name == "created" and created == state["twin"] and created != state["outliving"]
    assert created.flavor == MPI.WIN_FLAVOR_CREATE and created.Get_group().size == size
    assert created.attrs[1:] == (17, 1)
    assert state["made"].address == created.attrs[0] and state["made"].obj == created
    assert own[16] == rank
    created.Lock(right)
    created.Put(bytes([rank + 100]), right, target=5)
    created.Unlock(right)
    world.Barrier()
    assert own[5] == state["made"][5] == left + 100
    given, part = state["given"], state["part"]
    assert given.obj is None and bytes(given) == bytes(range(rank, rank + 24))
    assert part.address == given.address + 8 and bytes(part) == bytes(given[8:16])
    world.Barrier()
    state["on given"].Lock(right)
    state["on given"].Put(bytes([rank + 100]), right, target=8)
    state["on given"].Unlock(right)
    world.Barrier()
    assert part[0] == given[8] == left + 100
    state["on given"].Free()
    MPI.Free_mem(given)
    outliving = state["outliving"]
    assert outliving.Get_group().size == size
    assert outliving.attrs[1:] == (8 + rank, 4) and outliving.flavor == MPI.WIN_FLAVOR_ALLOCATE
    assert bytes(state["memory"]) == bytes([rank + 1]) * (8 + rank), bytes(state["memory"])
    state["memory"][0] = 77
    got = bytearray(1)
    outliving.Lock(rank, MPI.LOCK_SHARED)
    outliving.Get(got, rank)
    outliving.Unlock(rank)
    assert got[0] == 77
    shared = state["shared"]
    assert shared.Get_info().Get("alloc_shared_noncontig") == "true"
    assert bytes(state["other"][:16]) == bytes([right + 50]) * 16
    assert state["other"][-1] == right
    world.Barrier()
    shared.tomemory()[3] = 9 + rank
    shared.Fence()
    assert state["other"][3] == 9 + right and state["other"].obj is shared
    assert state["empty"].attrs[1] == 0 and state["freed"] == MPI.WIN_NULL
    fenced = state["fenced"]
    assert bytes(fenced.tomemory()) == bytes([left] * 8)
    world.Barrier()
    fenced.Put(bytes([rank + 30] * 8), right)  # after the fence that the snapshot follows
    fenced.Fence(MPI.MODE_NOSUCCEED)
    assert bytes(fenced.tomemory()) == bytes([left + 30] * 8)
    for window in (created, outliving, shared, state["empty"], fenced):
        window.Free()
