# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Iterators that wait half-way, on their own items or in ordered dicts and deques; methods of C types
that a class overrides; matches of a text that has changed; contexts, dialects and subclasses."""
import collections
import contextvars
import csv
import datetime
import decimal
import io
import itertools
import re
import types

from digest import Digest, report


class Stack(list):
    def append(self, item):
        self.seen = getattr(self, "seen", 0) + 1
        self.plain_append(item)


class Task:
    def __init__(self, number, ring):
        self.number, self.ring = number, ring


class Moment(datetime.datetime):
    pass


def ring_of(size):
    ring = collections.deque()
    ring.extend(Task(k, ring) for k in range(size))
    tasks = list(ring)
    for task in tasks:
        task.rest, task.back, task.turn = iter(tasks), reversed(tasks), iter(ring)
    return tasks


csv.register_dialect("bars", delimiter="|", quoting=csv.QUOTE_ALL)
decimal.DefaultContext.prec = 17
exact = decimal.Context()
with decimal.localcontext(decimal.Context(prec=6)):
    inside = contextvars.copy_context()
stack = Stack()
stack.plain_append = super(Stack, stack).append
settings = types.SimpleNamespace(step=0)
options = vars(settings)
late = Moment(2020, 10, 25, 2, 30, fold=1)
orders = collections.OrderedDict((f"k{k}", k) for k in range(7))
text = bytearray(b"one two three four")
words = list(re.finditer(rb"\w+|", text))
with io.StringIO() as closed:
    closed.write("gone")
digest = Digest()
for turn in range(20000):
    tasks = ring_of(9)
    options["step"] = turn
    text[turn % 18] = 97 + turn % 26
    for (a, b), (c, d) in itertools.pairwise([(k, k * turn) for k in range(8)]):
        digest.add(a * d - b * c, settings.step)
        task = tasks[a]
        for other in task.rest:
            if other.number % 3 == turn % 3:
                break
        stack.append((next(task.back).number, next(task.turn).number, other.number))
    for key, value in orders.items():
        orders["k6"] += value
        digest.add(key, value % 1009, words[turn % len(words)].group())
    for key in reversed(orders):
        orders[key] %= 10007
    row = io.StringIO()
    csv.writer(row, "bars").writerow([turn, inside.run(lambda: decimal.Decimal(turn + 1) / 7),
                                      exact.divide(turn, 9), late.fold])
    digest.add(row.getvalue(), stack[-1], stack.seen, decimal.Context().prec, closed.closed)
report("half_way", digest)
