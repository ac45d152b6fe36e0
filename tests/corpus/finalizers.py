# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Finalizers run when they would have, once: of locals, of exceptions being handled, of what came back to life."""
import gc
import sys
import warnings
import weakref

from digest import Digest, report


def spin(n):
    t = 0
    for j in range(n % 19):
        t += j * n
    return t


def hook(unraisable):
    for k in range(3):
        digest.add("hook", spin(k), type(unraisable.exc_value).__name__)


class Noted:
    def __init__(self, n):
        self.n = n
        self.me = None

    def __del__(self):
        for k in range(self.n % 6):
            digest.add("del", self.n, spin(k))
        if self.n % 3 == 0:
            raise ValueError(self.n)
        if self.n % 7 == 0:
            kept.append(self)


class Listed(list):
    def __del__(self):
        digest.add("list", len(self))
        if len(kept_lists) < 5:
            kept_lists.append(self)


def leave(n):
    first = Noted(n)
    second = Noted(n + 1)
    for k in range(n % 4):
        third = Noted(k)
    return first.n, second.n


def handle(n):
    outer = Noted(n)
    try:
        raise KeyError(n)
    except KeyError as error:
        inner = Noted(n + 5)
        error.held = Noted(n + 2)
        for k in range(12):
            spin(k)
    return outer.n, inner.n


class Target:
    pass


def weak(n):
    target = Target()
    reference = weakref.ref(target, lambda _: digest.add("gone", [spin(k) for k in range(3)]))
    finalizer = weakref.finalize(target, digest.add, "finalized", n)
    del target
    for k in range(3):
        spin(k)
    return reference() is None, finalizer.alive


def generator(n):
    outer = Noted(n)
    try:
        while True:
            yield spin(n)
    finally:
        inner = Noted(n + 3)
        spin(outer.n + inner.n)


async def never():
    pass


kept, kept_lists = [], []
digest = Digest()
sys.unraisablehook = hook
for n in range(6000):
    digest.add(leave(n), handle(n), weak(n))
    values = generator(n)
    next(values)
    values = None
    listed = [Noted(k) for k in range(n % 4)]
    listed[:] = []
    Listed([n])
    if n % 60 == 0:
        cycle = Noted(n)
        cycle.me = cycle
        cycle = None
        gc.collect()
        del kept_lists[:]
    del kept[:]
    # The warning keeps the coroutine, whose finalizer has given it.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        never()
        for k in range(12):
            spin(k)
        digest.add(len(caught))
report("finalizers", digest)
