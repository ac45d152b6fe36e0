# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Comprehensions, which 3.12 inlines: shadowed names, cells, class bodies, exceptions."""
from digest import Digest, report


def shadow(n):
    x = "outer"
    rows = [[x * y % 7 for x in range(n) if x % 2] for y in range(n)]
    sets = {x for row in rows for x in row}
    table = {x: [y for y in range(x) if (lambda: x > y)()] for x in sorted(sets)}
    later = [lambda: (x, y) for y in range(4)]
    return x, rows[-1], sorted(sets), table, [f() for f in later]


def cell(n):
    i = 100
    def bump(k):
        nonlocal i
        i += k
        return i
    got = [bump(i) + sum(bump(j) for j in range(3)) for i in range(n)]
    fs = [(lambda: i) for i in range(3)]
    return i, got, [f() for f in fs]


def slow(k):
    t = 0
    for j in range(k % 17):
        t += j
    return t


class Body:
    n = 5
    base = [slow(k) for k in range(40)]
    table = {k: v for k, v in enumerate(base)}
    nested = [[slow(a + b) for a in range(5)] for b in range(5)]
    pairs = [(lambda y=x: y)() for x in base]


def through(n):
    x = "kept"
    try:
        [1 // (n - x) + slow(x) for x in range(n + 1)]
    except ZeroDivisionError as e:
        return x, str(e), sorted(k for k in locals() if k != "e")
    return None


def unbound(n):
    if n % 2:
        q = n
    r = [q for q in range(slow(n))]
    try:
        return q, len(r)
    except UnboundLocalError as e:
        return type(e).__name__, len(r)


def nested(n):
    inner = (slow(z) for z in range(n))
    return list((x, y) for x in inner for y in [x + slow(w) for w in range(3)])


def walrus(n):
    found = any((hit := v) > 20 for v in map(slow, range(n)))
    return [last := slow(k) for k in range(n)], last, found, hit


digest = Digest()
for i in range(14000):
    digest.add(shadow(i % 9 + 2), cell(i % 6 + 1), through(i % 11))
    digest.add(unbound(i), nested(i % 8), walrus(i % 12 + 1))
    digest.add([slow(k) for k in range(i % 60)], {slow(k): k for k in range(i % 30)})
    if i % 40 == 0:
        class Local:
            j = i
            rows = [[slow(a * b) for a in range(6)] for b in range(6)]
            keys = {k: (lambda: k)() for k in range(8)}
        digest.add(Local.j, Local.rows, Local.keys, Body.base, Body.table, Body.nested, Body.pairs)
report("inlined_comprehensions", digest)
