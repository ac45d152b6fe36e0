# SPDX-License-Identifier: BSD-3-Clause
# ranks: 2 4
"""MPI files that stay open: views, all pointers, collective and nonblocking writes, reading back."""
import numpy as np
from mpi4py import MPI

from digest import Digest, report

world = MPI.COMM_WORLD
rank, size = world.rank, world.size
digest = Digest()
value = rank + 1


def work(rounds):
    global value
    for k in range(rounds):
        value = (value * 48271 + k) % 2147483647
    return value


BLOCK = 16
table = MPI.File.Open(world, "table.bin", MPI.MODE_CREATE | MPI.MODE_RDWR)
log = MPI.File.Open(world, "log.txt", MPI.MODE_CREATE | MPI.MODE_EXCL | MPI.MODE_WRONLY)
own = MPI.File.Open(MPI.COMM_SELF, f"own-{rank}.bin",
                    MPI.MODE_CREATE | MPI.MODE_WRONLY | MPI.MODE_APPEND)
striped = MPI.INT64_T.Create_vector(1, BLOCK, BLOCK * size)
striped = striped.Create_resized(0, 8 * BLOCK * size).Commit()
table.Set_view(8 * BLOCK * rank, MPI.INT64_T, striped)
table.Set_atomicity(True)
world.Barrier()

for step in range(300 // size + 50):
    row = np.full(BLOCK, work(4000), dtype="i8")
    row[step % BLOCK] = step
    if step % 4 == 0:
        table.Write_all(row)               # at the individual pointer
    elif step % 4 == 1:
        table.Write_at_all(table.Get_position(), row)
        table.Seek(BLOCK, MPI.SEEK_CUR)
    elif step % 4 == 2:
        request = table.Iwrite(row)
        work(2500)
        request.Wait()
    else:
        table.Write_all_begin(row)
        work(200)
        table.Write_all_end(row)
    if step % 5 == 2:                      # over what was written long ago
        back = np.zeros(BLOCK, dtype="i8")
        place = BLOCK * (work(1) % (step + 1))
        table.Read_at(place, back)
        table.Write_at(place, back + 1)
        digest.add(back)
    log.Write_ordered(f"step {step:4d} rank {rank} {work(100):10d}\n".encode())
    if step % 3 == 1:
        own.Write(np.array([step, work(50)], dtype="i4"))
    if step % 6 == 5:                      # the file is open for writing only; read it another way
        with open(f"own-{rank}.bin", "rb") as file:
            first = np.frombuffer(file.read(8), dtype="i4")
        own.Write_at(0, first + 1)
        digest.add(first)
    if step % 7 == 3:
        world.Barrier()
        digest.add(log.Get_position_shared(), table.Get_size(), own.Get_position())
        world.Barrier()

world.Barrier()
digest.add(table.Get_position(), log.Get_size(), own.Get_size(), table.amode, log.amode, own.amode)
digest.add(table.Get_atomicity(), table.Get_view()[0])
for file in (table, log, own):
    file.Close()
world.Barrier()
report("mpi_files", digest, rank)
