# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Recursion 5000 deep, mutual, through generators and properties; RecursionError at its depth."""
import sys
import functools
from digest import Digest, report

sys.setrecursionlimit(6500)


def down(n, acc):
    if n == 0:
        t = 0
        for i in range(3000):
            t += i ^ acc
        return t
    r = down(n - 1, acc + n)
    return r + n if n % 2 else r - n


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


class Tree:
    def __init__(self, n):
        self.n = n
        self.child = Tree(n - 1) if n else None
    def __call__(self, x):
        return x + self.n + (self.child(x) if self.child else 0)
    @property
    def size(self):
        return 1 + (self.child.size if self.child else 0)
    @functools.cached_property
    def weight(self):
        w = 0
        for i in range(self.n % 13):
            w += i
        return w + (self.child.weight if self.child else 0)
    def __iter__(self):
        yield self.n
        if self.child:
            yield from self.child


def limit(n=0):
    try:
        return limit(n + 1)
    except RecursionError:
        return n


def star(n, *args, **kw):
    return len(args) + sum(kw.values()) if n == 0 else star(n - 1, *args, **{**kw, "k": n})


digest = Digest()
for i in range(14):
    digest.add(down(5000 + i, i), even(4000 + i), limit() - limit(), star(1500, i, i, a=i))
    t = Tree(180 + i)
    digest.add(t(i), t.size, t.weight, sum(t), t.weight)
    for k in range(400):
        digest.add(down(k % 40, k))
digest.add(limit())
report("deep_recursion", digest)
