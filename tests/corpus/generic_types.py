# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Generic functions, classes and type aliases in the syntax of 3.12; before, typing's."""
import sys
from digest import Digest, report

SOURCE = '''
type Pair[A] = tuple[A, A]
type Tree[T: (int, str)] = T | list[Tree[T]]
type Late = list[Undefined]


def first[T, *Ts, **P](x: T, *rest: *Ts) -> T:
    def inner[U: T](y: U) -> dict[T, U]:
        return spin(y) + x
    return inner(x), inner.__type_params__[0].__name__, inner


class Stack[T: int]:
    type Item = T
    limit: T
    def __init__(self, items: list[T]):
        self.items = [spin(i) for i in items]
    def push[U](self, x: U) -> "Stack[T]":
        self.items.append(spin(x))
        return self
    @property
    def top(self) -> T:
        return self.items[-1]
    def kinds(self):
        return [T, __class__.__type_params__[0] is T]


class Sub[K](Stack[int]):
    def push(self, x):
        return super().push(x + 1)
'''
OLD = '''
from typing import TypeVar, Generic
T = TypeVar("T", bound=int)


class Stack(Generic[T]):
    def __init__(self, items):
        self.items = [spin(i) for i in items]
    def push(self, x):
        self.items.append(spin(x))
        return self
    @property
    def top(self):
        return self.items[-1]
    def kinds(self):
        return [T, True]


class Sub(Stack[int]):
    def push(self, x):
        return super().push(x + 1)


def first(x, *rest):
    def inner(y):
        return spin(y) + x
    return inner(x), "U", inner
'''


def spin(n):
    t = 0
    for i in range(n % 27):
        t += i
    return t


new = sys.version_info >= (3, 12)
exec(SOURCE if new else OLD)
digest = Digest()
s = Sub([1, 2])
for i in range(24000):
    value, name, inner = first(i, 1, "x")
    digest.add(value, name, inner(i + 1))
    if i % 20 == 0:
        exec(SOURCE if new else OLD, here := {"spin": spin, "__name__": "__main__"})
        digest.add(here["first"](i)[:2], here["Sub"]([i]).push(3).top, here["Stack"]([i]).kinds())
        if new:
            digest.add(Pair.__value__, Tree.__type_params__[0].__constraints__, Stack.Item)
            digest.add(Stack.__type_params__[0].__bound__, first.__type_params__)
            try:
                Late.__value__
            except NameError as e:
                digest.add(str(e))
            Undefined = int
            digest.add(here["Pair"][int], Pair[int].__value__ if i % 3 else Pair)
            if i > 3000:
                digest.add(Late.__value__)
            del Undefined
    s.push(i)
    if len(s.items) > 40:
        s = Sub(s.items[-3:])
    digest.add(s.top, s.kinds(), isinstance(s, Stack))
report("generic_types", digest)
