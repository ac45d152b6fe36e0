# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Inheritance, super, properties, slots, operators, class and static methods, instances in cycles."""
from digest import Digest, report


class Shape:
    registry = {}
    made = 0

    def __new__(cls, *args, **kwargs):
        Shape.made += 1
        return super().__new__(cls)

    def __init__(self, name):
        self.name = name
        self.registry.setdefault(type(self).__name__, []).append(self)

    @property
    def area(self):
        return 0.0

    @classmethod
    def total(cls):
        return sum(shape.area for shape in cls.registry.get(cls.__name__, ()))

    @staticmethod
    def scale(x, factor=2):
        return x * factor


class Square(Shape):
    def __init__(self, name, side):
        super().__init__(name)
        self.side = side

    @property
    def area(self):
        return super().area + self.side ** 2

    @area.setter
    def area(self, value):
        self.side = value ** 0.5


class Vector:
    __slots__ = ("x", "y", "__weakref__")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, factor):
        return Vector(self.x * factor % 97, self.y * factor % 91)

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __iter__(self):
        yield self.x
        yield self.y

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __call__(self, n):
        total = 0
        for i in range(n):
            total += self.x * i - self.y
        return total


class Node(dict):
    """A dict with attributes and a way back to its parent."""

    def __init__(self, parent=None):
        super().__init__()
        self.parent = parent

    def depth(self):
        return 0 if self.parent is None else 1 + self.parent.depth()


digest = Digest()
position = Vector(1, 2)
seen = {}
node = Node()
for i in range(420000):
    position = position * 3 + Vector(i % 7, i % 11)
    seen[position] = seen.get(position, 0) + position(12) + sum(position)
    if i % 2000 == 0:
        square = Square(f"s{i}", i % 10)
        square.area = square.area + Shape.scale(position[0])
        digest.add(square.side, Square.total())
        child = Node(node)
        node[i] = child
        node = child if i % 14000 else node
        digest.add(node.depth(), len(seen))
digest.add(sorted(seen.values()), Shape.made, [s.name for s in Shape.registry["Square"]])
report("classes", digest)
