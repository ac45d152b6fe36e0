# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Arrays of many dtypes, orders and shapes, from 0-d and empty to megabytes, one aliased twice."""
import numpy as np

from digest import Digest, report

arrays = {
    "bool": np.zeros(5000, dtype=bool), "int8": np.zeros(3000, dtype=np.int8),
    "uint16": np.arange(4000, dtype=np.uint16), "big": np.arange(2000, dtype=">i8"),
    "half": np.ones(1500, dtype=np.float16), "single": np.ones((40, 50), dtype=np.float32),
    "complex": np.zeros((30, 40), dtype=complex), "long": np.zeros(300, dtype=np.longdouble),
    "fortran": np.zeros((60, 70), order="F"), "zero_d": np.array(3.5), "empty": np.empty((0, 5)),
    "time": np.arange(500).astype("datetime64[s]"), "span": np.arange(400).astype("timedelta64[ms]"),
    "text": np.array(["abc", "defgh"] * 200), "bytes": np.array([b"xy", b"z"] * 300),
    "large": np.zeros((500, 500)),
}
arrays["alias"] = arrays["large"]
arrays["strided"] = np.arange(30000.0)[::3]
frozen = np.arange(6000.0)
frozen.flags.writeable = False
digest = Digest()
for i in range(14000):
    arrays["bool"][i % 5000] ^= True
    arrays["int8"] += np.int8(1)
    arrays["uint16"][i % 4000:] += np.uint16(i % 9)
    arrays["big"] -= i
    arrays["half"][i % 1500] = i % 100
    arrays["single"] *= np.float32(1.0001)
    arrays["complex"] += 1j * (i % 5) + 0.5
    arrays["long"][i % 300] += np.longdouble(1) / 3
    arrays["fortran"][:, i % 70] = i
    arrays["zero_d"] += 0.25
    arrays["time"] += np.timedelta64(i % 60, "s")
    arrays["span"] *= 1
    arrays["text"][i % 400] = str(i)
    arrays["strided"][i % 10000] -= frozen[i % 6000]
    arrays["alias"][i % 500] += i
    if i % 250 == 0:
        assert arrays["alias"] is arrays["large"] and not frozen.flags.writeable
        assert arrays["fortran"].flags.f_contiguous
        digest.add(*(a.astype(str) if a.dtype == np.longdouble else a for a in arrays.values()))
        digest.add([(name, a.dtype.str, a.shape) for name, a in arrays.items()])
report("numpy_kinds", digest)
