# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Sorting with keys, comparison functions, heaps, bisection; safe points come only between calls."""
import bisect
import functools
import heapq
import operator
import random

from digest import Digest, report


def compare(a, b):
    return (a % 100 > b % 100) - (a % 100 < b % 100) or (a > b) - (a < b)


class Reversed:
    def __init__(self, x):
        self.x = x

    def __lt__(self, other):
        return self.x > other.x


rng = random.Random(5)
digest = Digest()
heap, ordered = [], []
for i in range(1700):
    data = [rng.randrange(100000) for _ in range(300)]
    digest.add(sorted(data, key=lambda x: (x % 97, x))[:10])
    digest.add(sorted(data, key=functools.cmp_to_key(compare))[-10:])
    digest.add(min(data, key=Reversed), max(data, key=operator.neg))
    rows = [{"a": x % 10, "b": str(x)} for x in data]
    rows.sort(key=operator.itemgetter("a", "b"), reverse=True)
    digest.add(rows[0], rows[-1])
    for x in data:
        heapq.heappush(heap, (x % 1000, x))
        bisect.insort(ordered, x)
        if len(heap) > 200:
            digest.add(heapq.heappop(heap))
    del ordered[::2]
    digest.add(bisect.bisect_left(ordered, 50000), heapq.nsmallest(3, heap))
    digest.add(list(heapq.merge(sorted(data[:20]), sorted(data[20:40]))))
    digest.add([x for x in filter(lambda x: x % 2, map(lambda x: x // 3, data))][:5])
report("sorting", digest)
