# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# python: 3.12
"""Syntax of 3.12 around running code: generics and their lazy bounds, f-strings in f-strings, buffers."""
import itertools

from digest import Digest, report


def spin(n):
    t = 0
    for j in range(n % 19):
        t += j * n
    return t


class Shown:
    def __init__(self, n):
        self.n = n

    def __format__(self, spec):
        return f"{spec}{[spin(k) for k in range(self.n % 4)]}"


def strings(n):
    x = Shown(n)
    pieces = f"{x:{'a' if [spin(k) for k in range(3)] else 'b'}>{n % 3}} { {'k': f"{f'{x:z}'}"}['k'] }"
    return pieces, f"{(lambda: f"{x:{n}}")()}", f"{'\n'.join(f'{spin(q)=}' for q in range(n % 4))}"


def generics(n):
    def bound():
        for k in range(4):
            spin(k)
        return int if n % 2 else str

    def first[T: bound(), *Ts, **P](x: T, *rest: *Ts) -> list[T]:
        for k in range(n % 5):
            spin(k)
        return [T.__name__, T.__bound__.__name__, Ts.__name__, P.__name__, first.__type_params__[0] is T, *rest]

    class Box[T: (bound(), list[n])]:
        type Alias[K] = dict[T, K] | tuple[spin(3), n]
        kinds = [T for _ in range(2)]

        def __init__(self, v: T):
            self.v = [spin(k) for k in range(v % 4)]

        def method[U](self, u: U) -> (T, U):
            def inner[V](v: V):
                return T.__name__, U.__name__, V.__name__, __class__.__name__, spin(n)
            return inner(u)

        @property
        def names(self):
            return [T.__constraints__[0].__name__ for _ in range(2)]

    class Sub[K](Box[K]):
        def method(self, u):
            return super().method(u), K.__name__, [super(Sub, self).names for _ in range(2)]

    type Nested = int | list[Nested]
    alias = Box.Alias
    return (first(1, 2, 3), Sub(n).method(1), str(alias.__value__), alias.__type_params__[0].__name__,
            str(Nested.__value__), Box.kinds[0].__name__, str(Sub.__orig_bases__[0]))


class Buffer:
    def __init__(self, n):
        self.data = bytearray(b"x" * (n % 9 + 1))

    def __buffer__(self, flags):
        for k in range(3):
            spin(k)
        return memoryview(self.data)

    def __release_buffer__(self, view):
        digest.add("released", spin(3))


def batches(n):
    made = []
    for batch in itertools.batched((spin(k) for k in range(n % 9)), n % 3 + 1):
        made.append((batch, spin(len(batch))))
    with memoryview(Buffer(n)) as view:
        return made, bytes(view)


digest = Digest()
for n in range(2000):
    digest.add(strings(n), generics(n), batches(n))
report("syntax_312", digest)
