# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A chain of generators that feed each other, started, shared and replaced while it runs."""
from digest import Digest, report


def source(n):
    x = 17
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        yield i, x


def keep(items, modulus):
    for i, x in items:
        if x % modulus:
            yield i, x


def window(items, size):
    held = []
    for item in items:
        held.append(item)
        if len(held) == size:
            yield tuple(held)
            held = held[size // 2:]


def running(windows):
    total = 0
    for group in windows:
        try:
            total += sum(x for _, x in group) % 1009
            command = yield total
            if command == "reset":
                total = 0
        finally:
            marks.append(len(group))


class Stage:
    def __init__(self, upstream):
        self.upstream = upstream

    def __iter__(self):
        for value in self.upstream:
            for _ in range(3):
                value = (value * 3 + 1) % 65521
            yield value


marks = []
digest = Digest()
for n in (1600000, 500000):
    totals = running(window(keep(keep(source(n), 3), 5), 6))
    count = 0
    for value in Stage(totals):
        count += 1
        if count % 1000 == 0:
            digest.add(value, count, len(marks))
            if count % 3000 == 0:
                digest.add(totals.send("reset"))
                marks.clear()
report("generator_pipeline", digest)
