# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""numpy views that share memory with their base, slices, transposes, broadcasts, in-place work."""
import numpy as np

from digest import Digest, report


class Field:
    def __init__(self, n):
        self.data = np.arange(n * n, dtype=float).reshape(n, n)
        self.interior = self.data[1:-1, 1:-1]
        self.edge = self.data[0]
        self.turned = self.data.T
        self.flat = self.data.ravel()
        self.even = self.data[::2, ::2]

    def relax(self):
        d = self.data
        self.interior += 0.1 * (d[:-2, 1:-1] + d[2:, 1:-1] + d[1:-1, :-2] + d[1:-1, 2:]
                                - 4 * self.interior)


def check(field):
    assert field.interior.base is field.data or np.shares_memory(field.interior, field.data)
    for view in (field.edge, field.turned, field.flat, field.even):
        assert np.shares_memory(view, field.data)


field = Field(150)
columns = [field.data[:, k] for k in range(0, 150, 30)]
iterator = iter(field.data)
mask = np.zeros(150, dtype=bool)
digest = Digest()
for i in range(3600):
    field.relax()
    field.edge[:] = np.roll(field.edge, 1)
    columns[i % len(columns)] *= 0.999
    mask[i % 150] = not mask[i % 150]
    field.turned[i % 150, :3] += i
    field.even[mask[::2]] -= 1.0
    if i % 200 == 0:
        check(field)
        row = next(iterator, None)
        if row is None:
            iterator = iter(field.data)
        else:
            row[2] = i
            digest.add(row)
        digest.add(field.data, field.flat[i % 999], np.broadcast_to(field.edge, (3, 150))[2])
report("numpy_views", digest)
