# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Classes in the making: __prepare__ with its own namespace, loops in bodies, __init_subclass__, __set_name__."""
from digest import Digest, report

trail = []


def spin(n):
    total = 0
    for i in range(n % 11):
        total += i * i
    return total


class Namespace(dict):
    def __init__(self, name):
        super().__init__()
        self.name, self.writes = name, []

    def __setitem__(self, key, value):
        self.writes.append((key, spin(len(key))))
        super().__setitem__(key, value)

    def __missing__(self, key):
        if key.startswith("auto_"):
            self[key] = spin(len(self.writes))
            return self[key]
        raise KeyError(key)


class Meta(type):
    @classmethod
    def __prepare__(meta, name, bases, **options):
        spin(len(name))
        return Namespace(name)

    def __new__(meta, name, bases, namespace, **options):
        made = super().__new__(meta, name, bases, dict(namespace))
        made.writes = [key for key, _ in namespace.writes if not key.startswith("__")]
        return made

    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)
        cls.options = {key: spin(value) for key, value in options.items()}

    def __call__(cls, *args):
        for _ in range(3):
            spin(5)
        made = super().__call__(*args)
        trail.append((cls.__name__, args))
        return made

    def __instancecheck__(cls, other):
        return spin(3) == 5 and hasattr(other, "size")

    def __getitem__(cls, n):
        return cls(spin(n))

    def __iter__(cls):
        yield from cls.writes


class Field:
    def __set_name__(self, owner, name):
        self.place = (owner.__name__, name, spin(len(name)))
        trail.append(self.place)

    def __get__(self, instance, owner):
        return self if instance is None else instance.__dict__.get(self.place[1], spin(9))


class Base(metaclass=Meta):
    def __init_subclass__(cls, /, weight=0, **rest):
        super().__init_subclass__(**rest)
        for i in range(weight % 5):
            spin(i)
        cls.weight = weight

    def __init__(self, size=0):
        self.size = size


class Entry:
    """Stands for the bases that it names."""

    def __init__(self, *bases):
        self.bases = bases

    def __mro_entries__(self, bases):
        spin(7)
        return self.bases


digest = Digest()
for n in range(5000):
    class Made(Entry(Base), weight=n % 7):
        first = auto_first
        for i in range(n % 9):
            if i % 4 == 3:
                continue
            locals()[f"field_{i}"] = Field()
            total = spin(i) + first
        else:
            last = "else"
        squares = [x * x for x in range(n % 5)]
        while len(squares) > 3:
            squares.pop()
        try:
            lost
        except NameError as e:
            message = str(e)
        finally:
            ended = spin(n)

        class Inner(metaclass=Meta, depth=n % 13):
            value = spin(n)

        def method(self, step=n % 3, scale=lambda x, n=n: x * n):
            return super().__init__, __class__.weight + scale(step)

    made = Made[n % 20]
    digest.add(Made.writes, Made.weight, Made.last, Made.message, list(Made), Made.Inner.options)
    digest.add(made.method()[1], isinstance(made, Made), isinstance(3, Made), made.size, trail)
    trail.clear()
report("class_creation", digest)
