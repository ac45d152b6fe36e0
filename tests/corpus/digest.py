# SPDX-License-Identifier: BSD-3-Clause
"""A running checksum of everything a script did, and how it reports it.

Imported by the corpus scripts as a module of their own: its classes and instances are saved by
value, like any module that lies beside a user's script.
"""
import zlib


class Digest:
    def __init__(self):
        self.value = 0
        self.count = 0

    def add(self, *things):
        for thing in things:
            data = thing.tobytes() if hasattr(thing, "tobytes") else repr(thing).encode()
            self.value = zlib.crc32(data, self.value)
            self.count += 1

    def __repr__(self):
        return f"{self.value:08x}/{self.count}"


def report(name, digest, rank=0):
    """Writes result-<rank>.txt; rank 0 also prints."""
    with open(f"result-{rank}.txt", "w", encoding="ascii") as out:
        out.write(f"{name} {digest!r}\n")
    if rank == 0:
        print(name, digest)
