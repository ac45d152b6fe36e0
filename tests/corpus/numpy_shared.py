# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""numpy objects that share memory in less common ways: masked arrays and their slices, records,
windows, slices of transposed arrays, arrays of objects, memory maps; loops over ndindex and flat."""
import numpy as np

from digest import Digest, report

cells = np.zeros(40, dtype=[("mass", "f8"), ("speed", "f8", (2,)), ("name", "U4")])
cells["mass"] = np.arange(40) + 1.0
heaviest, records = cells[39], [cells[k] for k in range(0, 40, 7)]
series = np.ma.masked_greater(np.arange(60.0), 50)
inner, values = series[10:50], series.data
signal = np.linspace(0, 1, 200)
windows = np.lib.stride_tricks.sliding_window_view(signal, 5)
block = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2).copy(order="K")
slab = block[1]
parts = np.array([[k, [k], str(k)] for k in range(6)], dtype=object)
column = parts[:, 1]
mapped = np.memmap("map.bin", dtype="f8", mode="w+", shape=(20, 10))
strip = mapped[5:8]
grow = np.vectorize(lambda old, step: old * 0.99 + step, otypes=[float])
seeds = np.random.default_rng(8).bit_generator._seed_seq
streams = [np.random.Generator(np.random.SFC64(seed)) for seed in seeds.spawn(2)]
digest = Digest()


def sweep(turn):
    for i, k in np.ndindex(6, 5):
        inner[i * 6 + k] += 0.25
        block[i % 3, k % 2, i % 4] += slab[0, 0] * 1e-6
        strip[i % 3, k] += turn
        yield float(windows[i * 5 + k].sum())


for turn in range(3000):
    for total in sweep(turn):
        digest.add(total)
    for place, value in np.ndenumerate(signal[:40]):
        signal[place[0] + 1] = 0.9 * value + 0.1 * signal[-place[0] - 1]
    for record in records:
        record["mass"] *= 1.001
        record["speed"][turn % 2] += heaviest["mass"]
    column[turn % 6].append(turn)
    series[turn % 60] = np.ma.masked if turn % 11 == 0 else values[turn % 50]
    slab[:] = grow(slab, streams[turn % 2].normal())
    slab -= slab.mean()
    if turn % 100 == 0:
        streams.append(np.random.default_rng(seeds.spawn(1)[0]))
    digest.add(cells, series.filled(-1), inner.mask, windows[3:9].copy(), block, mapped[6].copy())
    digest.add([parts[k, 1][-3:] for k in range(6)], streams[-1].integers(200, dtype="u1"))
report("numpy_shared", digest)
