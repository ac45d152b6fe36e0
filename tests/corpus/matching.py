# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""match statements: literals, captures, classes, mappings, sequences, guards, alternatives."""
import random
from dataclasses import dataclass

from digest import Digest, report


@dataclass
class Number:
    value: int


@dataclass
class Operation:
    sign: str
    left: object
    right: object


def build(depth, rng):
    if depth == 0 or rng.random() < 0.1:
        return Number(rng.randrange(100))
    return Operation(rng.choice("+-*?"), build(depth - 1, rng), build(depth - 1, rng))


def evaluate(tree):
    match tree:
        case Number(value=value):
            return value
        case Operation("+", left, right):
            return evaluate(left) + evaluate(right)
        case Operation(sign="-", left=left, right=right):
            return evaluate(left) - evaluate(right)
        case Operation("*", Number(0), _) | Operation("*", _, Number(0)):
            return 0
        case Operation("*", left, right):
            return evaluate(left) * evaluate(right) % 100003
        case Operation():
            return 1
    raise TypeError(tree)


def classify(thing):
    match thing:
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [int(x), int(y), *rest] if x > y:
            return f"falling {x - y} {len(rest)}"
        case [first, *_, last]:
            return f"from {first} to {last}"
        case {"kind": "point", "at": (x, y), **others}:
            return f"point {x} {y} {sorted(others)}"
        case {"kind": str(kind)}:
            return kind
        case str() | bytes() as text:
            return len(text)
        case None | True | False:
            return "constant"
        case _:
            return "other"


rng = random.Random(11)
digest = Digest()
for i in range(14000):
    digest.add(evaluate(build(7, rng)))
    for thing in ([], [i], [i, i % 7, 3], [1, i, 5, i], {"kind": "point", "at": (i, 2), "z": 1},
                  {"kind": "x" * (i % 5)}, "abc" * (i % 4), b"q", None, i % 2 == 0, 2.5):
        digest.add(classify(thing))
report("matching", digest)
