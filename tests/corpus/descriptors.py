# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Data and non-data descriptors, __getattr__, __slots__, cached properties, bound methods kept."""
import functools

from digest import Digest, report


class Checked:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        for _ in range(3):
            pass
        return getattr(instance, self.slot)

    def __set__(self, instance, value):
        setattr(instance, self.slot, min(max(value, self.low), self.high))


class Lazy:
    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner=None):
        value = instance.__dict__[self.function.__name__] = self.function(instance)
        return value


class Body:
    mass = Checked(1, 1000)
    speed = Checked(-50.0, 50.0)

    def __init__(self, mass):
        self.mass, self.speed = mass, 0.0

    @Lazy
    def label(self):
        return f"body of {self.mass}"

    @functools.cached_property
    def table(self):
        return [self.mass * i for i in range(10)]

    def push(self, force):
        self.speed += force / self.mass
        return self.speed

    def __getattr__(self, name):
        if name.startswith("times_"):
            return self.mass * int(name[6:])
        raise AttributeError(name)


digest = Digest()
bodies = [Body(m) for m in range(-3, 60)]
pushes = [body.push for body in bodies]
for i in range(18000):
    for push in pushes:
        push((i % 17) - 8.25)
    body = bodies[i % len(bodies)]
    digest.add(body.label, body.table[i % 10], body.times_12, body.speed)
    body.mass += i % 3
    try:
        body.nothing
    except AttributeError as error:
        digest.add(str(error))
digest.add([b.speed for b in bodies], Body.mass.low)
report("descriptors", digest)
