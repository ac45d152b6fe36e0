# SPDX-License-Identifier: BSD-3-Clause
"""growing.py: small state for a while, then 48 MB of it; ends with exit code 7."""
import sys

import numpy as np


def spin(value, n):
    for k in range(n):
        value = (value * 16807 + k) % 2147483647
    return value


def main():
    value = 1
    for _ in range(900):
        value = spin(value, 10000)
    print("growing", flush=True)
    field = np.arange(6_000_000, dtype=float)
    for step in range(900):
        value = spin(value, 10000)
        field[step] = value
    with open("result.txt", "w", encoding="ascii") as out:
        out.write(f"{value} {float(field.sum())!r}\n")
    return 7


sys.exit(main())
