# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Special methods at work: subscription, attributes, containment, truth, length, hashing, operators, formats."""
from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 7):
        total += i
    return total


class Number:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        spin(self.value)
        return Number(self.value + other.value) if isinstance(other, Number) else NotImplemented

    def __radd__(self, other):
        return Number(spin(other) + other + self.value)

    def __iadd__(self, other):
        for _ in range(2):
            self.value += other
        return self

    def __mul__(self, other):
        return Number(self.value * other % 10007) if isinstance(other, int) else NotImplemented

    __rmul__ = __mul__

    def __neg__(self):
        return Number(-self.value)

    def __lt__(self, other):
        spin(self.value)
        return self.value < getattr(other, "value", other)

    def __eq__(self, other):
        spin(3)
        return isinstance(other, Number) and self.value == other.value

    def __hash__(self):
        return hash(spin(self.value)) + self.value % 5

    def __bool__(self):
        return spin(self.value) > 3

    def __index__(self):
        return self.value % 12

    def __format__(self, spec):
        return f"<{self.value:{spec or 'd'}}{spin(4)}>"

    def __repr__(self):
        return f"N({self.value})"

    def __matmul__(self, other):
        return [a * b.value for a in range(3) for b in (self, other)]

    def __divmod__(self, other):
        return divmod(self.value, other)


class Grid:
    def __init__(self, side):
        self.side, self.cells = side, {}

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[i, i] for i in range(*place.indices(self.side))]
        x, y = place
        return self.cells.get((x, y), spin(x * y))

    def __setitem__(self, place, value):
        spin(value)
        self.cells[place] = value

    def __delitem__(self, place):
        self.cells.pop(place, None)

    def __contains__(self, value):
        for cell in self.cells.values():
            if cell == value:
                return True
        return False

    def __len__(self):
        return sum(1 for _ in self.cells)

    def __iter__(self):
        return Walk(self)

    def __reversed__(self):
        yield from sorted(self.cells, reverse=True)

    def __getattr__(self, name):
        if name.startswith("row"):
            return [self[int(name[3:]), y] for y in range(self.side)]
        raise AttributeError(name)

    def __call__(self, *places, scale=1):
        return [self[p] * scale for p in places]


class Walk:
    def __init__(self, grid):
        self.places, self.at = sorted(grid.cells), 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.at >= len(self.places):
            raise StopIteration
        self.at += 1
        return self.places[self.at - 1], spin(self.at)


class Missing(dict):
    def __missing__(self, key):
        value = self[key] = spin(key) + key
        return value


digest = Digest()
missing = Missing()
for n in range(14000):
    a, b = Number(n), Number(n % 9)
    total = a + b
    total += n % 3
    total = 4 + total * 2 + (-b)
    digest.add(total, a < b <= a, a == b, bool(a), list(range(12))[b], f"{a} {b:>5}", a @ b, divmod(a, 7))
    digest.add(len({a, b, Number(n), Number(5)}), max(a, b), sorted([b, a, Number(3)]), not a or b)
    grid = Grid(4)
    for i in range(4):
        grid[i, n % 4] = n + i
    del grid[0, n % 4]
    digest.add(grid[1:3], n in grid, n + 1 in grid, len(grid), list(grid), list(reversed(grid)))
    digest.add(grid.row2, grid((1, 1), (2, n % 4), scale=2), hasattr(grid, "column"), missing[n % 50])
report("protocols", digest)
