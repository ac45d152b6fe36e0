# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""itertools with callbacks, used in parts and kept: groupby, accumulate, tee, takewhile, islice, starmap, zip_longest."""
import itertools

from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 7):
        total += i
    return total


class Numbers:
    """An iterator in Python under those in C."""

    def __init__(self, seed):
        self.state = seed

    def __iter__(self):
        return self

    def __next__(self):
        spin(self.state)
        self.state = (self.state * 75 + 74) % 65537
        if self.state % 997 == 0:
            raise StopIteration
        return self.state


def made(n):
    numbers = Numbers(n)
    kinds = [
        lambda: itertools.groupby(numbers, key=lambda x: spin(x) > 9),
        lambda: itertools.accumulate(numbers, lambda a, b: (a * 3 + spin(b)) % 1009, initial=n),
        lambda: itertools.takewhile(lambda x: spin(x) < 21 or x % 3, numbers),
        lambda: itertools.dropwhile(lambda x: spin(x) < 15, numbers),
        lambda: itertools.filterfalse(lambda x: spin(x) % 2, numbers),
        lambda: itertools.starmap(lambda a, b: a + spin(b), zip(numbers, itertools.count(n))),
        lambda: itertools.islice(numbers, n % 5, 40, n % 3 + 1),
        lambda: itertools.zip_longest(itertools.islice(numbers, 9), map(spin, range(12)), fillvalue=n),
        lambda: itertools.chain.from_iterable(range(spin(x) % 4) for x in numbers),
        lambda: itertools.compress(numbers, map(spin, itertools.cycle(range(5)))),
        lambda: itertools.pairwise(numbers),
        lambda: itertools.product(itertools.islice(numbers, 4), "ab", repeat=1),
        lambda: itertools.combinations(sorted(itertools.islice(numbers, 6)), 3),
        lambda: itertools.permutations(list(itertools.islice(numbers, 4)), 2),
        lambda: iter(lambda: spin(next(numbers)), 10),
    ]
    if hasattr(itertools, "batched"):
        kinds.append(lambda: itertools.batched(numbers, n % 3 + 1))
    return kinds[n % len(kinds)]()


digest = Digest()
kept = []
left = right = iter(())
for n in range(42000):
    kept.append(made(n))
    if len(kept) > 8:
        iterator = kept.pop(n % 8)
        for item in itertools.islice(iterator, 1 + n % 4):
            if isinstance(item, tuple) and isinstance(item[-1], itertools._grouper):
                item = item[0], next(item[1], None)
            digest.add(item)
        kept.insert(0, iterator)
    del kept[:-12]
    if n % 40 == 0:
        left, right = itertools.tee(Numbers(n), 2)
    digest.add(next(left, None), [next(right, None) for _ in range(n % 3)])
report("half_iterated", digest)
