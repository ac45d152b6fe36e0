# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Long-running class bodies, nested classes, classes that see their enclosing locals, locals()."""
from digest import Digest, report


def spin(n, x=1):
    for k in range(n):
        x = (x * 69069 + k) % 1000003
    return x


def make(level):
    secret = spin(2000, level)

    class Outer:
        table = {}
        for number in range(60):
            table[number] = spin(50, number + secret)

        class Inner:
            value = spin(3000, level)
            names = [name for name in ("a", "b", "c")]

            def read(self):
                return self.value + secret

        if level % 2:
            def method(self):
                return "odd", secret, __class__.__name__
        else:
            def method(self):
                return "even", self.Inner().read()
        snapshot = sorted(name for name in locals() if not name.startswith("_"))
    return Outer


digest = Digest()
made = []
for level in range(1700):
    cls = make(level)
    made = made[-20:] + [cls]
    digest.add(cls.snapshot, cls().method(), cls.Inner.__qualname__, sum(cls.table.values()))
    digest.add(made[0]().method(), len({c.__name__ for c in made}), cls.number)
report("class_bodies", digest)
