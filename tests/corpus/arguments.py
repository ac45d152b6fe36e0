# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Calls of every form: *args, **kwargs, keyword-only, positional-only, unpacking, defaults, partial."""
import functools

from digest import Digest, report


def mixed(a, b=2, /, c=3, *rest, d, e=5, **others):
    total = a + b + c + sum(rest) + d + e
    for k in range(12):
        total += k * a
    for name in sorted(others):
        total += others[name] * len(name)
    return total


def forward(*args, **kwargs):
    return mixed(*args, **kwargs)


def remember(value, memory=[]):
    memory.append(value)
    del memory[:-30]
    return sum(memory)


class Functor:
    def __init__(self, **settings):
        self.__dict__.update(settings)

    def __call__(self, *args, scale=1):
        return forward(*args, d=self.offset, **{"extra": scale})


digest = Digest()
functor = Functor(offset=4, name="f")
bound = functools.partial(functor, 1, scale=3)
for i in range(200000):
    first, *middle, last = range(i % 5 + 2)
    x = forward(i, *middle, d=last, zeta=1, **{"eta": first})
    y = bound(*[i % 7] * (i % 3))
    (p, (q, *r)), s = (x, (y, 1, 2)), remember(x % 100)
    if i % 2000 == 0:
        digest.add(x, y, p, q, r, s, mixed.__kwdefaults__, remember.__defaults__[0][-3:])
        mixed.__kwdefaults__["e"] = i % 11
        try:
            mixed(1, 2, 3)
        except TypeError as error:
            digest.add(str(error))
report("arguments", digest)
