# SPDX-License-Identifier: BSD-3-Clause
"""Open MPI files: pointers, view, mode and atomicity; operations that are complete but not waited for."""
import os
import sys


def build():
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    rank, size = world.rank, world.size
    folder = sys.argv[2]  # of this test; see phase.py
    brief = world.Dup()
    amode = MPI.MODE_CREATE | MPI.MODE_EXCL | MPI.MODE_RDWR
    viewed = MPI.File.Open(brief, os.path.join(folder, "viewed"), amode)
    brief.Free()
    block = MPI.INT.Create_vector(2, 3, 3 * size).Commit()
    viewed.Set_view(4 + 12 * rank, MPI.INT, block)
    block.Free()
    viewed.Set_atomicity(True)
    viewed.Write_at(0, bytes([rank + 1]) * 24)
    viewed.Seek(2)
    shared = MPI.File.Open(world, os.path.join(folder, "shared"), amode)
    shared.Write_ordered(bytes([rank]) * 5)
    request = shared.Iwrite_at(100 + rank, bytes([rank + 70]))
    closed = MPI.File.Open(MPI.COMM_SELF, os.path.join(folder, "shared"), MPI.MODE_RDONLY)
    closed.Close()
    own = MPI.File.Open(MPI.COMM_SELF, os.path.join(folder, "shared"), MPI.MODE_RDONLY)
    world.Barrier()
    return {"viewed": viewed, "twin": MPI.File(viewed), "shared": shared,
            "request": request, "closed": closed, "own": own, "amode": amode, "job": os.getppid()}


def check(state):
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    rank, size = world.rank, world.size
    viewed, shared, own = state["viewed"], state["shared"], state["own"]
    assert viewed == state["twin"] and viewed != shared and state["closed"] == MPI.FILE_NULL
    assert viewed.amode == state["amode"] and viewed.atomicity and not shared.atomicity
    assert viewed.Get_group().size == size and own.Get_group().size == 1
    disp, etype, filetype, representation = viewed.Get_view()
    assert disp == 4 + 12 * rank and etype.Get_size() == 4 and representation == "native"
    assert filetype.Get_size() == 24 and viewed.Get_position() == 2
    state["request"].Wait()
    assert shared.Get_position_shared() == 5 * size and own.Get_position() == 0
    got = bytearray(8)
    viewed.Read(got)
    assert got == bytes([rank + 1]) * 8 and viewed.Get_position() == 4
    viewed.Seek(2)
    world.Barrier()
    got = bytearray(5 * size)
    own.Read_at(0, got)
    assert got == b"".join(bytes([r]) * 5 for r in range(size))
    own.Read_at(100, memoryview(got)[:size])
    assert got[:size] == bytes(range(70, 70 + size))
    world.Barrier()
    shared.Write_ordered(bytes([rank + 40]))
    world.Barrier()
    own.Read_at(5 * size, memoryview(got)[:size])
    assert got[:size] == bytes(range(40, 40 + size))
    world.Barrier()
    if os.getppid() == state["job"]:  # that saves: the next one finds the file longer than it was
        shared.Write_at(500, b"later")
        return
    assert shared.Get_size() == 100 + size, shared.Get_size()
    for file in (viewed, shared, own):
        file.Close()
