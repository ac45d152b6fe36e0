# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A heap of many small instances, dicts, tuples and strings, deep nesting and long linked lists."""
from digest import Digest, report


class Item:
    def __init__(self, number, link):
        self.number, self.link, self.tags = number, link, (number % 3, str(number % 50))


class Slim:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


chain = None
items, slims = [], []
for i in range(25000):
    chain = Item(i, chain)
    items.append(chain)
    slims.append(Slim(i, items[i // 2]))
nest = ()
for i in range(20000):
    nest = (nest, i)
table = {f"key{i}": {"n": i, "list": [i] * 3} for i in range(8000)}
digest = Digest()
total = 0
for sweep in range(80):
    for item in items:
        item.number = (item.number * 5 + sweep) % 10007
    for slim in slims[sweep::7]:
        slim.b.number += slim.a % 3
    node, depth = chain, 0
    while node is not None:
        total += node.number
        node, depth = node.link, depth + 1
    inner = nest
    while inner:
        inner, number = inner
        total += number % (sweep + 1)
    digest.add(total, depth, sum(entry["n"] for entry in table.values()))
    table[f"new{sweep}"] = {"n": sweep, "list": []}
report("many_objects", digest)
