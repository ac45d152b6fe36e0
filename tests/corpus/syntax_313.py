# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# python: 3.13
"""What is new in 3.13 around running code: locals that write through, defaults of type parameters, close() with a value."""
import copy
import sys
import warnings

from digest import Digest, report


def spin(n):
    t = 0
    for j in range(n % 19):
        t += j * n
    return t


def writes(n):
    a = n
    b = [n]

    def inner():
        return a, b

    proxy = sys._getframe().f_locals
    for k in range(6):
        proxy["a"] = spin(k + n)
        proxy[f"new{k}"] = k
        b.append(a)
        copied = locals()
        copied["a"] = -1
        digest.add(a, sorted(proxy)[:3], inner(), len(proxy), "new3" in proxy)
    names = iter(proxy)
    first = next(names)
    for name in names:
        spin(len(name))
    return a, b, proxy["new2"], copied["a"], first


def generator(n):
    for k in range(n % 6):
        got = yield sys._getframe().f_locals, spin(k)
        digest.add(got, sorted(locals()))


def outside(n):
    values = generator(n)
    seen = []
    for names, value in values:
        names["extra"] = value
        values.gi_frame.f_locals["got"] = spin(value)
        seen.append((value, dict(names).get("extra"), names["k"]))
    return seen


def defaults(n):
    def made():
        for k in range(3):
            spin(k)
        return int

    def function[T = made(), *Ts = *tuple[int, str], **P = [int, n]]():
        return T.__default__.__name__, str(Ts.__default__), str(P.__default__), T.has_default()

    class Pair[T = list[n], U = T]:
        def kinds(self):
            return T.__default__, U.__default__ is T

    type Alias[T = dict[n, spin(2)]] = list[T]
    return function(), str(Pair().kinds()), str(Alias.__type_params__[0].__default__)


def closed(n):
    def values():
        try:
            while True:
                yield spin(n)
        except GeneratorExit:
            for k in range(4):
                spin(k)
            return [spin(q) for q in range(3)]

    def outer():
        return (yield from values())

    pair = values(), outer()
    return [(next(one), one.close()) for one in pair]


class Replaced:
    def __init__(self, n):
        self.n = n

    def __replace__(self, **changes):
        return Replaced([spin(q) for q in range(3)][0] + changes["n"])

    @warnings.deprecated("old")
    def old(self):
        return [spin(q) for q in range(4)]


digest = Digest()
for n in range(2500):
    digest.add(writes(n), outside(n), defaults(n), closed(n), copy.replace(Replaced(1), n=n).n)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        digest.add(Replaced(n).old(), len(caught))
report("syntax_313", digest)
