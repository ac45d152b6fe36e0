# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""What keeps addresses while it is at work: copy.deepcopy, a pickler in Python, a search by id()."""
import copy
import io
import pickle
import sys

from digest import Digest, report


class Node:
    def __init__(self, value):
        self.value, self.next, self.notes = value, [], {}


def graph(size):
    nodes = [Node(i) for i in range(size)]
    for i, node in enumerate(nodes):
        node.next = [nodes[(7 * i + k) % size] for k in range(3)]
        node.notes = {"next": nodes[(5 * i) % size].next, "pair": (i, node.next)}
    return nodes


def reachable(root):
    seen, waiting = set(), [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Node):
            waiting += [thing.next, thing.notes]
        elif isinstance(thing, (list, tuple)):
            waiting += thing
        elif isinstance(thing, dict):
            waiting += thing.values()
    return len(seen)


sys.setrecursionlimit(20000)
digest = Digest()
nodes = graph(150)
for round_number in range(25):
    copied = copy.deepcopy(nodes)
    copied[0].next.append(copied[round_number])
    written = io.BytesIO()
    pickle._Pickler(written, 4).dump(copied[:20])
    digest.add(reachable(copied), sum(node.next[1].value * node.value for node in copied),
               len(written.getvalue()))
report("deep copies", digest)
