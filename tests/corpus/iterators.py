# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Iterators of every kind half used: itertools chains, zip, enumerate, dict and set iterators."""
import itertools
import operator

from digest import Digest, report


def consume(n):
    table = {i: i * i for i in range(n)}
    pairs = iter(table.items())
    keys = iter(table)
    back = reversed(list(range(n)))
    letters = itertools.cycle("abcde")
    counts = itertools.count(10, 3)
    windows = zip(range(n), itertools.islice(itertools.count(), 5, None), range(n, 0, -1))
    chained = itertools.chain(range(n // 2), (x * 2 for x in range(n)), "tail" * n)
    sums = itertools.accumulate(range(n), operator.xor)
    grouped = itertools.groupby(range(n), key=lambda x: x // 7)
    product = itertools.product(range(50), "xyz", range(n))
    left, right = itertools.tee(range(n))
    members = iter(frozenset(range(n)))
    total = 0
    for i in range(n):
        item = (next(pairs), next(keys), next(back), next(letters), next(counts), next(windows),
                next(chained), next(sums), next(product), next(members), next(left))
        if i % 7 == 0:
            key, group = next(grouped)
            total += key + sum(group)
        if i % 3 == 0:
            total += next(right)
        if i % 500 == 0:
            digest.add(i, item, total)
    digest.add(list(itertools.compress(range(20), itertools.cycle([1, 0, 1]))), total)
    return total


digest = Digest()
for n in (150000, 250000, 300000):
    digest.add(consume(n))
iterator = iter(lambda values=[0]: values.append(values[-1] + 1) or values[-1], 40000)
for value in iterator:
    digest.add(sum(itertools.takewhile(lambda x: x < 20, itertools.dropwhile(lambda x: x < 9, range(99)))))
    digest.add(next(itertools.combinations(range(value, value + 4), 2)))
report("iterators", digest)
