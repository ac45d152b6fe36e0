# SPDX-License-Identifier: BSD-3-Clause
"""Pickled reductions use a duplicate that mpi4py keeps; some ranks stand before, others after one."""
import _handles


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    pairs = world.Split(world.rank // 2)
    plain = world.Dup()
    assert world.allreduce(world.rank) == sum(range(world.size))
    assert pairs.allreduce(1) == pairs.size
    for _ in range(5):
        world.scan(1)
    created = dict(_handles.registry_state())
    # All but rank 0 have sent their part of the next reduction and gone on.
    if world.rank != 0:
        world.reduce(world.rank + 10, root=0)
    if pairs.rank != 0:
        pairs.reduce(["pair"], root=0)
    return {"world": world, "pairs": pairs, "plain": plain, "known": sorted(created)}


def check(state):
    world, pairs = state["world"], state["pairs"]
    if world.rank == 0:
        assert world.reduce(10, root=0) == sum(range(10, 10 + world.size))
    if pairs.rank == 0:
        assert pairs.reduce(["pair"], root=0) == ["pair"] * pairs.size
    assert world.allreduce(2) == 2 * world.size
    assert pairs.allreduce(3) == 3 * pairs.size
    # No duplicate has been made anew, except for the communicator that had none.
    assert sorted(_handles.registry_state()) == state["known"]
    assert state["plain"].allreduce(1) == world.size
    assert len(_handles.registry_state()) == len(state["known"]) + 1
    pairs.Free()
    assert len(_handles.registry_state()) == len(state["known"]) - 1
