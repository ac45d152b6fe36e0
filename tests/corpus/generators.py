# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Generators alive across the cut: send, throw, close, yield from, recursion, never started ones."""
from digest import Digest, report


def averager():
    total = count = 0
    average = None
    while True:
        try:
            value = yield average
        except KeyError as error:
            total, count = 0, 0
            average = ("reset", str(error))
            continue
        except GeneratorExit:
            closed.append((total, count))
            raise
        total += value
        count += 1
        average = total / count


def tree(low, high):
    if low < high:
        middle = (low + high) // 2
        left = yield from tree(low, middle)
        yield middle
        right = yield from tree(middle + 1, high)
        return left + right + 1
    return 0


def delegate(size):
    count = yield from tree(0, size)
    yield ("count", count)


def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, (a + b) % 1000003


closed = []
digest = Digest()
source = fibonacci()
sleeping = [fibonacci() for _ in range(20)]          # not started for a long time
for round_number in range(360):
    mean = averager()
    next(mean)
    for i, item in enumerate(delegate(4000)):
        value = item if isinstance(item, int) else item[1]
        result = mean.send(value + next(source))
        if i % 997 == 0:
            digest.add(mean.throw(KeyError(i)))
        if i % 101 == 0:
            digest.add(result)
    mean.close()
    squares = (x * x for x in sleeping[round_number % 20] if x % 3)
    digest.add([next(squares) for _ in range(50)])
    for x in squares:
        if x > 10**11:
            digest.add(x)
            break
digest.add(closed)
report("generators", digest)
