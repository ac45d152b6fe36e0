# SPDX-License-Identifier: BSD-3-Clause
"""Intercommunicators with messages on them, what is made from them, and graph topologies."""
import array

import _handles


def couple(local, tag):
    """Even ranks on one side, odd ones on the other."""
    from mpi4py import MPI
    return local.Create_intercomm(0, MPI.COMM_WORLD, 1 - MPI.COMM_WORLD.rank % 2, tag)


def graphs(world):
    n = world.size
    ring = world.Create_graph([2 * i + 2 for i in range(n)],
                              [j % n for i in range(n) for j in (i - 1, i + 1)])
    left, right = (world.rank - 1) % n, (world.rank + 1) % n
    near = world.Create_dist_graph_adjacent([left, right], [left, right], [2, 3], [4, 5])
    plain = world.Create_dist_graph([world.rank], [1], [right])
    return [ring, near, plain]


def graph_facts(made):
    ring, near, plain = made
    return (ring.Get_topo(), near.Get_dist_neighbors_count(), near.Get_dist_neighbors(),
            plain.Get_dist_neighbors_count(), plain.Get_dist_neighbors())


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    topologies = graphs(world)
    state = {"world": world, "topologies": topologies, "facts": graph_facts(topologies)}
    if world.size == 1:
        return state
    side = world.rank % 2
    local = world.Split(side, world.rank)
    first = couple(local, 5)
    gone = couple(local, 5)
    second = couple(local, 6)
    gone.Free()
    twin = first.Dup()
    merged = first.Merge(high=side == 0)
    parts = second.Split(local.rank % 2, -local.rank)
    first.Set_name("first")
    assert first.allreduce(world.rank) == sum(r for r in range(world.size) if r % 2 != side)
    # Messages in flight: by rank in the other group.
    other = first.remote_size
    sends = [first.isend(("to", r, world.rank), r, 3) for r in range(other)]
    sends += [twin.Isend(array.array("i", [world.rank]), r, 4) for r in range(other)]
    slot = array.array("i", [-1])
    state.update(side=side, local=local, first=first, second=second, twin=twin, merged=merged,
                 parts=parts, sends=sends, slot=slot, waiting=second.Irecv(slot, MPI.ANY_SOURCE, 9),
                 created=sorted(_handles.registry_state()))
    return state


def check_graphs(state):
    ring, near, plain = state["topologies"]
    n, rank = state["world"].size, state["world"].rank
    assert graph_facts(state["topologies"]) == state["facts"]
    assert ring.neighbor_allgather(rank) == [(rank - 1) % n, (rank + 1) % n]
    assert near.neighbor_allgather(rank) == [(rank - 1) % n, (rank + 1) % n]
    assert plain.neighbor_alltoall([rank]) == [(rank - 1) % n]


def check(state):
    from mpi4py import MPI
    world = state["world"]
    if world.size > 1:                   # a graph needs both directions there
        check_intercomm(state, MPI)
    else:
        assert graph_facts(state["topologies"]) == state["facts"]


def check_intercomm(state, MPI):
    world, side, local = state["world"], state["side"], state["local"]
    first, second, twin, merged, parts = (state[k] for k in ("first", "second", "twin", "merged", "parts"))
    assert all(type(c) is MPI.Intercomm and c.is_inter for c in (first, second, twin, parts))
    assert type(merged) is MPI.Intracomm and first.name == "first"
    theirs = [r for r in range(world.size) if r % 2 != side]
    for comm in (first, second, twin):
        assert (comm.rank, comm.size, comm.remote_size) == (local.rank, local.size, len(theirs))
        assert comm.allgather(world.rank) == theirs
    status = MPI.Status()
    for r, rank in enumerate(theirs):
        assert first.recv(source=r, tag=3, status=status) == ("to", local.rank, rank)
        got = array.array("i", [-1])
        twin.Recv(got, r, 4, status)
        assert got[0] == rank and status.source == r
    MPI.Request.Waitall(state["sends"])
    assert not state["waiting"].Test()
    world.Barrier()
    if local.rank < second.remote_size:
        second.Send(array.array("i", [world.rank]), local.rank, 9)
    if local.rank < len(theirs):
        state["waiting"].Wait(status)
        assert state["slot"][0] == theirs[local.rank] and status.source == local.rank
    else:
        state["waiting"].Cancel()
        state["waiting"].Wait()
    assert merged.allgather(world.rank) == ([r for r in range(world.size) if r % 2] +
                                            [r for r in range(world.size) if r % 2 == 0])
    if parts != MPI.COMM_NULL:
        expected = [r for r in theirs if r // 2 % 2 == local.rank % 2][::-1]
        assert parts.allgather(world.rank) == expected
    # Pickled reductions use mpi4py's own duplicates: the old ones, where there were some.
    known = state["created"]
    assert first.allreduce(1) == len(theirs) and sorted(_handles.registry_state()) == known
    root = MPI.ROOT if world.rank == 0 else MPI.PROC_NULL if side == 0 else 0
    value = first.bcast("news" if world.rank == 0 else None, root=root)
    assert value == ("news" if side == 1 else None)
    # A new one is one that nobody has had.
    fresh = couple(local, 5)
    new = set(_handles.registry_state()) - set(known)
    assert len(new) == 1 and len(set(world.allgather(new.pop()))) == 1
    assert fresh.allgather(world.rank) == theirs
    fresh.Free()
    check_graphs(state)
    for comm in (first, second, twin, merged):
        comm.Free()
