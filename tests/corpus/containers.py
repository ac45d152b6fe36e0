# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""deque, OrderedDict, Counter, ChainMap, defaultdict, namedtuple, UserDict, array, subclasses."""
import array
import collections

from digest import Digest, report

Point = collections.namedtuple("Point", "x y", defaults=[0])


class Bag(collections.Counter):
    def heaviest(self):
        return sorted(self.items(), key=lambda item: (-item[1], item[0]))[:3]


class Log(collections.UserList):
    limit = 50

    def append(self, item):
        super().append(item)
        if len(self.data) > self.limit:
            self.data.pop(0)


class Missing(dict):
    def __missing__(self, key):
        self[key] = key * 2
        return self[key]


digest = Digest()
window = collections.deque(maxlen=32)
order = collections.OrderedDict()
groups = collections.defaultdict(lambda: collections.defaultdict(list))
bag, log, missing = Bag(), Log(), Missing()
scopes = collections.ChainMap({}, {"a": 1}, {"b": 2, "a": 3})
numbers = array.array("q", range(64))
value = 1
for i in range(900000):
    value = (value * 1103515245 + 12345) % 2**31
    window.append(value)
    window.rotate(1)
    order[value % 200] = i
    order.move_to_end(value % 200, last=bool(value & 4))
    groups[value % 5][value % 3].append(i)
    bag[chr(97 + value % 26)] += 1
    log.append(Point(value % 10))
    numbers[i % 64] += missing[value % 500]
    if i % 20000 == 0:
        scopes = scopes.new_child({"a": i}) if i % 40000 else scopes.parents
        digest.add(list(window)[:4], list(order.items())[:4], bag.heaviest(), log[-1]._replace(y=i))
        digest.add(scopes["a"], scopes["b"], numbers, sum(len(g[0]) for g in groups.values()))
        if i % 60000 == 0:
            groups.clear()
digest.add(len(missing), type(log[0]).__name__, list(order))
report("containers", digest)
