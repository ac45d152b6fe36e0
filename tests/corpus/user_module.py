# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""State in a module of the user's own: its globals, its classes' instances, monkey-patched parts."""
import lattice
from digest import Digest, report
from lattice import Observer, advance

digest = Digest()
lattice.cells[32] = 1
lattice.observers += [Observer(3), Observer(7)]
original = lattice.rule
calls = 0


def counting_rule(number):
    global calls
    calls += 1
    return original(number)


lattice.rule = counting_rule
for i in range(170000):
    advance(30 if i % 300 < 150 else 110)
    if i % 1000 == 0:
        lattice.cells[i % 64] ^= 1
        lattice.extra = i
        digest.add(lattice.cells, lattice.generation, calls, [o.seen for o in lattice.observers])
        digest.add(lattice.extra, isinstance(lattice.observers[0], Observer))
report("user_module", digest)
