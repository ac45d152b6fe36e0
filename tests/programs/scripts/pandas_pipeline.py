# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Tables with pandas: group, roll, merge, pivot, resample, text and categories, chunks of a file."""
import numpy as np
import pandas as pd

rng = np.random.default_rng(12)
n = 3000
trips = pd.DataFrame({
    "when": pd.date_range("2023-01-01", periods=n, freq="17min"),
    "city": pd.Categorical(rng.choice(["Bern", "Basel", "Chur", "Zug"], n)),
    "driver": rng.integers(0, 40, n),
    "km": rng.gamma(2.0, 3.0, n).round(3),
})
trips.loc[::97, "km"] = np.nan
drivers = pd.DataFrame({"driver": range(40), "name": [f"driver {i:02d}" for i in range(40)],
                        "since": pd.to_datetime("2015-01-01") + pd.to_timedelta(rng.integers(0, 2000, 40), "D")})
summaries = []
for round_number in range(12):
    merged = trips.merge(drivers, on="driver", how="left")
    merged["fare"] = 3.5 + merged["km"].fillna(merged["km"].median()) * (1.8 + 0.01 * round_number)
    by_city = merged.groupby("city").agg(total=("fare", "sum"), best=("fare", "max"), trips=("km", "count"))
    rolling = merged.set_index("when")["fare"].rolling("6h").mean()
    daily = merged.set_index("when").resample("D")["fare"].agg(["sum", "std"])
    pivot = merged.pivot_table("fare", merged["when"].dt.hour, "city", aggfunc="mean")
    spread = merged.groupby("driver")["fare"].apply(lambda fares: fares.max() - fares.min())
    summaries.append((round_number, rolling.sum(), float(spread.sum()), daily["std"].mean()))
    trips["km"] = trips["km"] * (1 + 0.001 * np.sin(np.arange(n) + round_number))
    if round_number % 4 == 0:
        print(by_city.to_string(float_format="%.17g"))
        print(pivot.iloc[:3].to_csv(float_format="%.17g"), end="")
trips.to_csv("trips.csv", index=False)
total = 0.0
for chunk in pd.read_csv("trips.csv", chunksize=200, parse_dates=["when"]):
    total += float(chunk["km"].sum())
    total -= chunk["city"].str.len().mean()
for row in trips.head(800).itertuples():
    total += row.driver / 3
print(repr(total), [tuple(map(repr, summary)) for summary in summaries])
