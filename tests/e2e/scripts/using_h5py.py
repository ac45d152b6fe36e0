# SPDX-License-Identifier: BSD-3-Clause
"""using_h5py.py STEPS: writes and reads HDF5 files of its own all the time; result-<rank>.txt.

With several ranks h5py is the MPI build and all ranks write one file through the mpio driver.
"""
import sys
import zlib

import h5py
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
options = {"driver": "mpio", "comm": comm} if size > 1 and h5py.get_config().mpi else {}
name = "data.h5" if size == 1 or options else f"data-{rank}.h5"
rows = size if options else 1
mine = rank if options else 0
crc = 0
for step in range(int(sys.argv[1])):
    values = np.arange(500.0) * (rank + 1) + step
    with h5py.File(name, "w" if step % 10 == 0 else "a", **options) as file:
        group = file.require_group(f"step{step % 10}")
        group.attrs["step"] = step
        data = group.require_dataset("values", (rows, 500), dtype="f8")
        data[mine] = values
        if not options:
            group.require_dataset("packed", (500,), dtype="i4", compression="gzip",
                                  chunks=(100,))[...] = values.astype("i4")
    with h5py.File(name, "r", **options) as file:
        back = file[f"step{step % 10}/values"][mine]
        assert (back == values).all() and file[f"step{step % 10}"].attrs["step"] == step
        crc = zlib.crc32(back.tobytes(), crc)
    for k in range(200000):
        crc = (crc * 31 + k) & 0xFFFFFFFF
    file = group = data = back = None
with open(f"result-{rank}.txt", "w", encoding="ascii") as out:
    out.write(f"{crc} {bool(options)}\n")
