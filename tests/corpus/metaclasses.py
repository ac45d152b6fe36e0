# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Metaclasses, __init_subclass__, __set_name__, ABCs, classes made with type(), singletons."""
import abc

from digest import Digest, report


class Registry(type):
    known = []

    def __new__(mcs, name, bases, namespace, **options):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.options = options
        mcs.known.append(cls)
        return cls

    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)

    def __call__(cls, *args):
        cls.calls = getattr(cls, "calls", 0) + 1
        return super().__call__(*args)

    def __len__(cls):
        return len(cls.__name__)


class Plugin:
    plugins = {}

    def __init_subclass__(cls, /, priority=0, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.priority = priority
        Plugin.plugins[cls.__name__] = cls


class Field:
    def __set_name__(self, owner, name):
        self.name = f"{owner.__name__}.{name}"


class Solver(abc.ABC):
    @abc.abstractmethod
    def step(self, x):
        """One step."""


class Newton(Solver):
    def step(self, x):
        return x - (x * x - 2) / (2 * x)


class Base(metaclass=Registry, level=1):
    def __init__(self, value):
        self.value = value


digest = Digest()
instances = []
root = 1.0
for i in range(900):
    made = Registry(f"Made{i % 40}", (Base,), {"number": i, "field": Field()}, level=i)
    plugin = type(f"Plugin{i % 25}", (Plugin,), {"run": lambda self, n=i: n * 2}, priority=i)
    for k in range(8):
        instances.append(made(i * k))
    for k in range(6000):
        root = Newton().step(root + k % 3)
    digest.add(made.number, len(made), made.calls, made.field.name, made.options, plugin().run())
    digest.add(root, isinstance(instances[-1], Base), [c.__name__ for c in type(made).__mro__])
    if i % 50 == 49:
        digest.add(sum(x.value for x in instances), len(Registry.known),
                   sorted((p.priority, n) for n, p in Plugin.plugins.items()))
        try:
            Solver()
        except TypeError as error:
            digest.add("abstract" in str(error))
        del instances[: len(instances) // 2]
report("metaclasses", digest)
