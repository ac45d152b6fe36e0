# SPDX-License-Identifier: BSD-3-Clause
"""B0: nothing but Python: arithmetic, calls, attributes, lists, generators, strings, C code that calls back."""
import functools
import json
import resource
import time


class Point:
    def __init__(self, x):
        self.x = x

    def moved(self, by):
        return Point(self.x + by)


def numbers(n):
    for i in range(n):
        yield i * i % 7


def arithmetic():
    total = 0
    for i in range(1200000):
        total = (total * 31 + i) % 1000003
    return total


def calls():
    point = Point(0)
    for i in range(250000):
        point = point.moved(i & 3)
    return point.x


def containers():
    counts = {}
    for i, x in enumerate(numbers(400000)):
        counts[x] = counts.get(x, 0) + 1
        if i % 1000 == 0:
            text = ",".join(map(str, sorted(counts.items())))
    return len(text)


def callbacks():
    values = [x * 7919 % 1009 for x in range(1000)]
    for _ in range(60):
        total = sum(x for x in values) + sum(values) + max(values, key=lambda x: -x)
        total += functools.reduce(lambda a, b: a + b, map(lambda x: x & 7, values))
        total += len(dict(zip(values, filter(lambda x: x % 3, values)))) + len(",".join(str(x) for x in values))
        total += sorted(values, key=lambda x: x % 97)[0] + any(x < 0 for x in values) + len([*map(str, values)])
    return total


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


measures = {}
for work in (arithmetic, calls, containers, callbacks):
    cpu_before, before = cpu(), time.perf_counter()
    work()
    measures[work.__name__] = {"wall": time.perf_counter() - before, "cpu": cpu() - cpu_before}
print(json.dumps(measures))
