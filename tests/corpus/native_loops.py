# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Work inside C code that runs it: sum, max, sorted, list, dict, join, reduce, lru_cache, map, filter, zip, enumerate."""
import functools
import itertools

from digest import Digest, report

digest = Digest()


def spin(n):
    total = n
    for i in range(400 + n % 50):
        total = (total * 31 + i) % 100003
    return total


def stream(n, start):
    for i in range(n):
        yield spin(i + start)
    digest.add("end", start)
    return n


@functools.lru_cache(maxsize=None)
def paths(i, j):
    spin(i * 100 + j)
    return 1 if i == 0 or j == 0 else paths(i - 1, j) + paths(i, j - 1)


@functools.lru_cache(maxsize=30)
def bounded(n, *, step):
    return spin(n) % 7 if n < step else (bounded(n - step, step=step) + bounded(n // 2, step=step)) % 1009


class Job:
    def __init__(self, number):
        self.cost = spin(number)

    def __lt__(self, other):
        return self.cost < other.cost

    def run(self, more):
        return spin(self.cost + more)


def through(n):
    yield from map(spin, stream(n, 5))
    return (yield from zip(stream(2, n), itertools.count()))


def turn(k):
    digest.add(sum(spin(x) for x in range(k, k + 20)), sum(spin(x) / 7 for x in stream(20, k)), sum(map(spin, range(9)), 0.5))
    digest.add(max(range(k, k + 20), key=spin), min(stream(9, k), key=lambda x: spin(x) % 11), max(map(Job, range(k, k + 9))).cost)
    digest.add(sorted(range(k, k + 20), key=spin), sorted(stream(9, k), reverse=True), [job.cost for job in sorted(map(Job, range(9)))])
    values = list(stream(12, k))
    values.sort(key=functools.partial(Job(k).run))
    values += map(spin, range(3))
    values.extend(filter(lambda x: spin(x) % 2, range(9)))
    digest.add(values, tuple(map(spin, values[:5])), dict(zip(stream(5, k), map(spin, range(9)))), [*stream(3, 1)])
    digest.add(sorted(set(stream(9, k)) | frozenset(map(spin, range(5)))), ",".join(str(spin(x)) for x in range(5)))
    digest.add(functools.reduce(lambda a, b: spin(a + b), stream(9, k)), any(spin(x) < 9 for x in range(30)), all(stream(9, k)))
    for i, (a, b) in enumerate(zip(stream(5, k), filter(Job(k).run, map(spin, stream(9, 0))))):
        digest.add(i, a, b)
    digest.add(list(through(3)), sum(sum(spin(x + y) for x in range(4)) for y in stream(4, k)))
    digest.add(list(map(functools.partial(bounded, step=3), range(k // 4, k // 4 + 12))), bounded.cache_info())


for k in range(0, 640, 8):
    paths.cache_clear()
    digest.add(paths(6 + k % 5, 7), paths.cache_info())
    turn(k)
report("native_loops", digest)
