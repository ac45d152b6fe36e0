# SPDX-License-Identifier: BSD-3-Clause
"""What the kinds write into their files, and a short word for what they find there."""
import pathlib
import zlib

TEXT = "".join(f"line {n} {n * n % 9973}\n" for n in range(3000))
DATA = TEXT.encode()


def write(name, data=DATA):
    with open(name, "wb") as file:
        file.write(data)
    return name


def read(name):
    return zlib.crc32(pathlib.Path(name).read_bytes())
