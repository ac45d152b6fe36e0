# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Counts the calls of functions it has put in the place of builtins: nobody else may call them."""
import builtins

NAMES = ("len", "isinstance", "getattr", "hasattr", "sorted", "iter", "next", "callable", "__import__")
calls = dict.fromkeys(NAMES, 0)


def counting(name):
    original = getattr(builtins, name)

    def replacement(*args, **kwargs):
        calls[name] += 1
        return original(*args, **kwargs)
    return replacement


for name, function in [(name, counting(name)) for name in NAMES]:
    setattr(builtins, name, function)


class Item:
    def __init__(self, number):
        self.numbers = [number, 3, 1]


items = [Item(i) for i in range(40)]
total = 0
for step in range(90000):
    item = items[step % 40]
    total += len(item.numbers) + sum(sorted(item.numbers)) + isinstance(item, Item)
    total += getattr(item, "missing", 1) + hasattr(item, "numbers") + callable(item) + next(iter(item.numbers))
    if step % 9000 == 0:
        print(step, total, calls)
print(total, calls)
