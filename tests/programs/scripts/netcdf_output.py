# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A diffusing field written to a netCDF file as it goes, read again from a classic one."""
import os

import netCDF4
import numpy as np

N = 40
with netCDF4.Dataset("start.nc", "w", format="NETCDF3_CLASSIC") as start:
    start.createDimension("x", N)
    start.createVariable("field", "f8", ("x",))[:] = np.sin(np.arange(N) / 5)
source = netCDF4.Dataset("start.nc")
out = netCDF4.Dataset("run.nc", "w")
out.createDimension("time", None)
out.createDimension("x", N)
field = out.createVariable("field", "f8", ("time", "x"), zlib=True)
group = out.createGroup("statistics")
mean = group.createVariable("mean", "f4", ("time",), fill_value=-1.0)
mean.set_auto_mask(False)
state = source["field"][:].data
rng = np.random.default_rng(4)
for step in range(2500):
    state = state + 0.1 * (np.roll(state, 1) - 2 * state + np.roll(state, -1))
    state[rng.integers(N)] += rng.normal() / 100
    if step % 5 == 0:
        field[step // 5] = state
        mean[step // 5] = state.mean()
        out.last_step = step
    if step % 500 == 499:
        print(step, repr(float(state.sum())), repr(float(field[-1].sum())), mean[:].shape, flush=True)
source.close()
out.close()
with netCDF4.Dataset("run.nc") as written:
    print(written.last_step, repr(float(written["field"][:].sum())),
          repr(float(written["statistics/mean"][:].sum())))
for name in ("start.nc", "run.nc"):  # not the same bytes: each snapshot writes out what the library still holds
    os.remove(name)
