# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Identity and aliasing: shared lists, cycles, weak references, interned and self-containing things."""
import gc
import weakref

from digest import Digest, report


class Node:
    def __init__(self, name, parent=None):
        self.name, self.children = name, []
        self.parent = weakref.ref(parent) if parent else None
        if parent:
            parent.children.append(self)
        everyone[name] = self


def check():
    assert shared[0] is shared[1] is table["list"] and endless[0] is endless
    assert table["self"] is table and root.children[0].parent() is root
    assert pair[0][1] is pair and sentinel is box["sentinel"] is not None
    assert method.__self__ is root


everyone = weakref.WeakValueDictionary()
names = weakref.WeakKeyDictionary()
one = []
shared = [one, one]
table = {"list": one}
table["self"] = table
endless = []
endless.append(endless)
pair = ([],)
pair[0].extend([1, pair])
sentinel = object()
box = {"sentinel": sentinel}
root = Node("root")
method = root.__init__
nodes = [Node(f"n{i}", root) for i in range(50)]
digest = Digest()
for i in range(600000):
    one.append(i)
    if len(shared[1]) > 100:
        del one[:90]
    node = Node(f"t{i % 20}", nodes[i % 50])
    names[node] = i
    if i % 13 == 0:
        nodes[i % 50].children.clear()
    if i % 20000 == 0:
        check()
        gc.collect()
        digest.add(len(table["list"]), sorted(everyone.keys()), sorted(names.values())[-3:])
check()
report("aliasing", digest)
