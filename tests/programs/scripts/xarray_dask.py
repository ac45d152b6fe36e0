# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Labelled arrays with xarray, lazy ones with dask (one thread)."""
import dask
import dask.array as da
import numpy as np
import pandas as pd
import xarray as xr

dask.config.set(scheduler="synchronous")
rng = np.random.default_rng(2)
weather = xr.Dataset(
    {"warm": (("time", "lat", "lon"), 10 + 5 * rng.standard_normal((200, 6, 8)))},
    coords={"time": pd.date_range("2020-01-01", periods=200), "lat": np.arange(6) * 10.0,
            "lon": np.arange(8) * 5.0})
for round_number in range(6):
    monthly = weather.groupby("time.month").mean()
    anomaly = weather.groupby("time.month") - monthly
    smooth = anomaly.rolling(time=7, center=True).mean().dropna("time")
    point = smooth["warm"].interp(lat=12.5, lon=[3.0, 17.0])
    print(round_number, monthly["warm"].sel(lat=20.0).mean("lon").values.tolist()[:2],
          point.isel(time=[0, -1]).values.tolist())
    weather["warm"] = weather["warm"] + 0.1 * anomaly["warm"].shift(time=1, fill_value=0.0)
lazy = da.from_array(weather["warm"].values, chunks=(50, 3, 4))
for power in range(1, 6):
    result = ((lazy - lazy.mean(axis=0)) ** power).std(axis=(1, 2)).sum()
    print(power, repr(float(result.compute())))


@dask.delayed
def square(value):
    return value * value


print(dask.delayed(sum)([square(i) for i in range(50)]).compute())
