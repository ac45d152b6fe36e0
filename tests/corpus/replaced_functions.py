# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Functions of libraries and built-ins replaced by the script's, exec in mappings of its own, late-bound closures."""
import builtins
import collections
import math
import textwrap
import time

from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 11):
        total += i
    return total


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        for _ in range(3):
            self.now += 0.25
        return self.now


class Scope(collections.UserDict):
    def __init__(self, outer):
        super().__init__()
        self.outer, self.asked = outer, 0

    def __missing__(self, name):
        self.asked += 1
        spin(self.asked)
        return self.outer[name]


plain_time, time.time, plain_sin, plain_hex = time.time, Clock(), math.sin, builtins.hex
math.sin = lambda x: plain_sin(x) + spin(int(x)) if x > 1 else 0.5


def counted(number):
    counted.calls += 1
    return plain_hex(number)


counted.calls = 0
builtins.hex = counted
plain_dedent, textwrap.dedent = textwrap.dedent, lambda text: plain_dedent(text).strip()
SOURCE = compile(textwrap.dedent("""
    def step(x, table={}):
        table[x % 7] = table.get(x % 7, 0) + spin(x)
        return sum(table.values()) + offset
    result = []
    for i in range(n % 5):
        result.append(step(i))
    class Local:
        value = spin(n) + n
    later = lambda: (offset, Local.value, n)
    """), "<source>", "exec")

digest = Digest()
makers = []
for n in range(3500):
    scope = Scope({"spin": spin, "n": n, "offset": n % 3, **vars(builtins)})
    exec(SOURCE, dict(scope.outer), scope)
    digest.add(scope["result"], scope["Local"].value, sorted(scope), scope.asked > 0)
    own = {"n": n, "spin": spin, "offset": 7}
    exec(SOURCE, own)
    own["offset"] += 1
    digest.add(own["later"](), eval("[len(result), *map(later.__class__, [])] if n < 0 else n", own))
    made = [lambda x=i: (x, i, spin(i)) for i in range(n % 4)]
    makers = (makers + made)[-6:]
    digest.add([maker() for maker in makers], time.time(), math.sin(n % 5), hex(n), counted.calls)
    if n % 500 == 499:
        digest.add(time.time is plain_time, plain_time() > 1e9, builtins.hex is counted, plain_hex(n))
report("replaced_functions", digest)
