# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Objects that come back to life in __del__ once, and those that have not yet."""
import gc

log = []
saved = []


class Phoenix:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        log.append(("rises", self.number))
        saved.append(self)


class Slotted:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __del__(self):
        log.append(("slot", self.number))
        if len(saved) < 40:
            saved.append(self)


def work(amount):
    total = 0
    for i in range(amount):
        total += i * i % 7
    return total


total = 0
for step in range(60):
    bird = Phoenix(step) if step % 2 else Slotted(step)
    total += work(60000)
    bird = None            # rises
    if step % 5 == 0:
        total += work(60000)
        saved[:] = saved[step % 3:]  # falls for good: __del__ does not run again
        gc.collect()
print(total, len(log), len(saved), [one.number for one in saved][:10])
print(log)
