# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Structured, record, string, object and masked arrays; ufuncs, dtypes and scalars as objects."""
import numpy as np

from digest import Digest, report

kind = np.dtype([("name", "U8"), ("at", "<f8", (3,)), ("id", ">i4"), ("flags", "?", (2,))])
bodies = np.zeros(400, dtype=kind)
bodies["name"] = [f"b{i}" for i in range(400)]
bodies["id"] = np.arange(400)[::-1]
positions = bodies["at"]
records = bodies.view(np.recarray)
things = np.empty(30, dtype=object)
masked = np.ma.masked_array(np.arange(100.0), mask=np.arange(100) % 7 == 0)
operations = [np.add, np.multiply, np.maximum]
total = np.float64(0)
digest = Digest()
for i in range(36000):
    positions += 0.01 * (np.arange(3) - 1)
    body = records[i % 400]
    body.flags = (i % 2 == 0, i % 3 == 0)
    bodies[i % 400]["id"] += np.int32(i % 5)
    things[i % 30] = (i, [str(i)], things[(i + 1) % 30] is None)
    masked[i % 100] = i
    if i % 50 == 0:
        masked[i % 97] = np.ma.masked
    total = operations[i % 3](total, np.float64(i % 3)) % 1e6
    selected = bodies[bodies["flags"].any(axis=1) & (bodies["id"] % 2 == 0)]
    if i % 100 == 0:
        digest.add(bodies["at"].sum(), bodies["id"], np.sort(selected, order=["id", "name"])["name"])
        digest.add(list(things), masked.sum(), masked.mask, total, str(bodies.dtype))
report("numpy_structured", digest)
