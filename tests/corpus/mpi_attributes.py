# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1 2
"""Attributes with Python callbacks on communicators, datatypes and windows; keys are plain numbers."""
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
digest = Digest()
events = []


class Cache:
    def __init__(self, comm):
        self.comm = comm
        self.steps = 0


def copied(obj, key, value):
    events.append(("copied", key == keys["comm"] or key == keys["type"]))
    return value


def deleted(obj, key, value):
    events.append(("deleted", type(obj).__name__, type(value).__name__))


def doubled(obj, key, value):
    return 2 * value


keys = {
    "comm": MPI.Comm.Create_keyval(copied, deleted),
    "shared": MPI.Comm.Create_keyval(True, None),
    "private": MPI.Comm.Create_keyval(),
    "type": MPI.Datatype.Create_keyval(copied, deleted),
    "win": MPI.Win.Create_keyval(None, deleted),
    "number": MPI.Comm.Create_keyval(doubled, None, nopython=True),
}
assert len(set(keys.values())) == len(keys)
work = world.Dup()
cache = Cache(work)
shared = {"name": "shared"}
work.Set_attr(keys["comm"], cache)
work.Set_attr(keys["shared"], shared)
work.Set_attr(keys["private"], "private")
work.Set_attr(keys["number"], 3)
world.Set_attr(keys["private"], ["of", "world"])
row = MPI.DOUBLE.Create_contiguous(4).Commit()
row.Set_attr(keys["type"], row)
MPI.INT.Set_attr(keys["type"], "whole numbers")
window = MPI.Win.Allocate(64, comm=world)
window.Set_attr(keys["win"], {"window": 1})

for step in range(1500 // world.size):
    twin = work.Dup()
    assert twin.Get_attr(keys["comm"]) is cache is work.Get_attr(keys["comm"])
    assert twin.Get_attr(keys["shared"]) is shared
    assert twin.Get_attr(keys["private"]) is None
    assert twin.Get_attr(keys["number"]) == 6
    cache.steps += 1
    total = cache.comm.allreduce(cache.steps)
    digest.add(step, total, len(events), world.Get_attr(keys["private"]))
    world.Get_attr(keys["private"]).append(step)
    other = row.Dup()
    assert other.Get_attr(keys["type"]) is row.Get_attr(keys["type"]) is row
    other.Free()
    assert MPI.INT.Get_attr(keys["type"]) == "whole numbers"
    window.Get_attr(keys["win"])["window"] += step
    assert world.Get_attr(MPI.TAG_UB) > 0 and window.Get_attr(MPI.WIN_SIZE) == 64
    twin.Delete_attr(keys["comm"])
    twin.Free()
    late = MPI.Comm.Create_keyval()
    assert late not in keys.values()
    world.Set_attr(late, step)
    world.Delete_attr(late)
    MPI.Comm.Free_keyval(late)
    spun = sum(range((world.rank * 37 + step * 11) % 900))
digest.add(window.Get_attr(keys["win"]), len(events))
window.Free()
row.Delete_attr(keys["type"])
row.Free()
work.Free()
digest.add(events[-4:], cache.steps)
report("attributes", digest, world.rank)
