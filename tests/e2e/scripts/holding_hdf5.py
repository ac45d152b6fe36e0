# SPDX-License-Identifier: BSD-3-Clause
"""holding_hdf5.py STEPS KIND: keeps HDF5 files open for its whole life, as simulations do.

KIND is plain, latest, swmr or core. Each rank writes out-<rank>.h5 and reads input.h5; everything that
h5py may give out is held across the steps. What it finds at the end goes to result-<rank>.txt.
"""
import os
import sys

import h5py
import numpy as np

rank = 0
if "OMPI_COMM_WORLD_SIZE" in os.environ:
    from mpi4py import MPI
    rank = MPI.COMM_WORLD.rank
steps, kind = int(sys.argv[1]), sys.argv[2]
options = {"plain": {}, "latest": {"libver": "latest"}, "swmr": {"libver": "latest"},
           "core": {"driver": "core", "block_size": 4096}}[kind]
if rank == 0:
    with h5py.File("input.h5", "w") as made:
        made["steps"] = np.arange(float(steps))
        made["ext"] = h5py.ExternalLink("other.h5", "/far")
    with h5py.File("other.h5", "w") as made:
        made["far"] = np.arange(7)
if "OMPI_COMM_WORLD_SIZE" in os.environ:
    MPI.COMM_WORLD.Barrier()
source = h5py.File("input.h5", "r")
given, far = source["steps"], source["ext"]
out = h5py.File(f"out-{rank}.h5", "w", rdcc_nbytes=2**21, **options)
memory = h5py.File("nowhere", "w", driver="core", backing_store=False)
counts = memory.create_dataset("counts", (4,), "i8")
h5py.get_config().track_order = True
group = out.create_group("run")
table = np.dtype([("step", "i4"), ("energy", "f8")])
series = group.create_dataset("series", (0, 16), maxshape=(None, 16), chunks=(8, 16),
                              compression="gzip", shuffle=True)
log = group.create_dataset("log", (0,), table, maxshape=(None,), chunks=(64,))
names = out.create_dataset("names", (steps,), h5py.string_dtype())
series.attrs["unit"] = "m"
series.dims[0].label = "step"
out["link"] = series.ref
alias, second, attributes = series, out["run/series"], group.attrs
energies, texts, halves = log.fields("energy"), names.asstr(), series.astype("f4")
reference, region = series.ref, log.regionref[0:0]
if kind != "swmr":
    out["kind"] = table
    named, attribute = out["kind"], h5py.h5a.open(series.id, b"unit")
space, stored, created = series.id.get_space(), log.id.get_type(), series.id.get_create_plist()
first_file_id, held = out.id, {series: "series", out: "out"}
if kind == "swmr":
    out.swmr_mode = True
random = np.random.default_rng(rank)
for step in range(steps):
    series.resize(step + 1, axis=0)
    series[step] = random.random(16) + given[step]
    log.resize(step + 1, axis=0)
    log[step] = (step, series[step].sum())
    if kind != "swmr":
        names[step] = f"step {step}"
        out.attrs["last"] = step
        if step % 50 == 0:
            out[f"at/{step}"] = np.full(10, step)
    if step % 20 == 0:
        out.flush()
    counts[step % 4] += 1
    for _ in range(60000):
        pass
assert alias is series and second is not series and second == series and out.id is first_file_id
assert out[reference] == series and held[second] == "series" and held[out] == "out"
assert series.file == out and out.mode == "r+" and source.mode == "r" and memory.filename == "nowhere"
assert out.swmr_mode == (kind == "swmr") and out.driver == ("core" if kind == "core" else "sec2")
assert out.id.get_access_plist().get_cache()[2] == 2**21 and h5py.get_config().track_order
assert space.shape == (0, 16) and stored.dtype == table and created.get_chunk() == (8, 16)
assert bool(region) and series.dims[0].label == "step" and out.libver[0] == (
    "earliest" if kind in ("plain", "core") else "v110")
if kind != "swmr":
    assert named.dtype == table and attribute.name == b"unit" and texts[3] == "step 3"
found = [energies[:].sum(), halves[:].sum(), counts[:], far[:], list(out), attributes.keys(), list(group)]
with open(f"result-{rank}.txt", "w", encoding="ascii") as result:
    print(*found, file=result)
out.close()
memory.close()
assert not series and not out
