# SPDX-License-Identifier: BSD-3-Clause
"""Communicators made and freed in random order, overlapping, nested, with topologies and names."""
import random

import _handles

SEED = 20240917


def make_mine():
    """A class of the script's own, derived from mpi4py's."""
    from mpi4py import MPI
    return type("Mine", (MPI.Intracomm,), {"__module__": __name__, "doubled": lambda s: 2 * s.size})


def __getattr__(name):  # so that pickle finds the class again
    if name == "Mine":
        globals()["Mine"] = make_mine()
        return globals()["Mine"]
    raise AttributeError(name)


def members(comm):
    from mpi4py import MPI
    world = MPI.COMM_WORLD.Get_group()
    group = comm.Get_group()
    ranks = MPI.Group.Translate_ranks(group, list(range(group.size)), world)
    group.Free()
    world.Free()
    return ranks


def facts(comm):
    from mpi4py import MPI
    known = {"type": type(comm).__name__, "members": members(comm), "rank": comm.rank,
             "name": comm.name, "topology": comm.topology,
             "errors": comm.Get_errhandler() == MPI.ERRORS_RETURN}
    if isinstance(comm, MPI.Cartcomm):
        known["cart"] = [list(part) for part in comm.Get_topo()]
    return known


def child(dice, parent, number):
    """Made by all members of `parent` alike; None where this rank is not in it."""
    from mpi4py import MPI
    kind = dice.choice(["dup", "split", "split_some", "cart", "create", "create_group", "sub"])
    n = parent.size
    if kind == "dup":
        return parent.Dup()
    if kind == "split":
        colors = [dice.randrange(2) for _ in range(n)]
        keys = [dice.randrange(n) for _ in range(n)]
        return parent.Split(colors[parent.rank], keys[parent.rank])
    if kind == "split_some":
        inside = [dice.random() < 0.7 for _ in range(n)]
        return parent.Split(0 if inside[parent.rank] else MPI.UNDEFINED, -parent.rank)
    if kind == "cart":
        return parent.Create_cart(MPI.Compute_dims(n, 2), [True, False], reorder=False)
    if kind == "sub":
        cart = parent.Create_cart(MPI.Compute_dims(n, 2), [False, True])
        sub = cart.Sub([dice.random() < 0.5, dice.random() < 0.5])
        cart.Free()
        return sub
    chosen = sorted(dice.sample(range(n), dice.randint(1, n)), key=lambda r: (r * 7 + number) % 5)
    mine = parent.Get_group()
    group = mine.Incl(chosen)
    mine.Free()
    made = MPI.COMM_NULL
    if kind == "create":
        made = parent.Create(group)
    elif parent.rank in chosen:
        made = parent.Create_group(group, tag=number)
    group.Free()
    return made


def random_family(rounds):
    """Every rank holds what it is a member of. The dice of a communicator are its members'."""
    from mpi4py import MPI
    live = []
    for number in range(rounds):
        parent = MPI.COMM_WORLD
        dice = random.Random(f"{SEED}/{number}")
        made = child(dice, parent, number)
        if made:
            live.append((f"c{number}", made))
        # The second generation: every member of the newest communicator makes one from it.
        if made and dice.random() < 0.6:
            grandchild = child(random.Random(f"{SEED}/{number}/{members(made)}"), made, number)
            if grandchild:
                live.append((f"g{number}", grandchild))
        if dice.random() < 0.4 and made:
            live.remove((f"c{number}", made))
            made.Free()
    return [comm for _, comm in live]


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    family = random_family(36)
    for index, comm in enumerate(family):
        if index % 3 == 0:
            comm.Set_name(f"number {index}")
        if index % 4 == 0:
            comm.Set_errhandler(MPI.ERRORS_ARE_FATAL)
    mine = __getattr__("Mine")(world.Dup())
    mine.remark = ["kept", mine]
    freed = world.Dup()
    freed.Free()
    own = MPI.COMM_SELF.Dup()
    nested = world.Dup().Dup().Dup()
    line = MPI.COMM_SELF.Create_cart([1], [True])
    state = {
        "family": family, "facts": [facts(comm) for comm in family], "mine": mine, "freed": freed,
        "own": own, "nested": nested, "line": line,
        "point": line.Sub([False]),
        "alias": family[0], "twin": MPI.Intracomm(nested),
        "world": world, "self": MPI.COMM_SELF, "null": MPI.COMM_NULL,
        "not the world": MPI.Intracomm(world),
        "excluded": world.Split(MPI.UNDEFINED if world.rank else 0),
    }
    assert len(family) >= (10 if world.size == 1 else 12), len(family)
    return state


def check(state):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    family = state["family"]
    assert state["world"] is world and state["self"] is MPI.COMM_SELF
    assert state["null"] is MPI.COMM_NULL
    assert state["not the world"] == world and state["not the world"] is not world
    assert state["alias"] is family[0] and state["twin"] == state["nested"]
    assert state["twin"] is not state["nested"]
    assert type(state["freed"]) is MPI.Intracomm and not state["freed"]
    assert bool(state["excluded"]) == (world.rank == 0)
    mine = state["mine"]
    assert type(mine).__name__ == "Mine" and mine.remark[1] is mine and mine.doubled() == 2 * world.size
    assert state["point"].Get_topo() == ([], [], [])
    for i, comm in enumerate(family):
        assert facts(comm) == state["facts"][i], (facts(comm), state["facts"][i])
        assert all(comm != other for other in family[:i])
    # Every communicator works, with the right members in the right order.
    for comm in family + [mine, state["own"], state["nested"], state["line"]]:
        ranks = members(comm)
        out = bytearray(comm.size)
        comm.Allgather(bytearray([world.rank]), out)
        assert list(out) == ranks, (list(out), ranks)
        assert comm.allreduce(world.rank) == sum(ranks)
        if isinstance(comm, MPI.Cartcomm) and comm.ndim and comm.size > 1:
            low, high = comm.Shift(0, 1)
            got = bytearray(1)
            comm.Sendrecv(bytearray([comm.rank]), high, recvbuf=got, source=low)
            assert low == MPI.PROC_NULL or got[0] == low
    # New communicators get identities that all members agree on and nobody has had.
    before = set(_handles.registry_state())
    new = [comm.Dup() for comm in family]
    ids = set(_handles.registry_state()) - before
    assert len(ids) == len(new), ids
    for i, comm in enumerate(new):
        comm.Free()
    everywhere = world.allgather(sorted(ids))
    owners = {}
    for rank, listed in enumerate(everywhere):
        for one in listed:
            owners.setdefault(one, []).append(rank)
    expected = sorted(sorted(f["members"]) for f in state["facts"])
    gathered = world.allgather(expected)
    union = {tuple(m) for ranks in gathered for m in ranks}
    assert {tuple(ranks) for ranks in owners.values()} == union
