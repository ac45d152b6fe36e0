# Hashes that were kept of objects without a __hash__ of their own lead to them after the save.
import abc
import collections
import enum
import functools
import json
import logging
import math
import string


class Plain:
    pass


class Slotted:
    __slots__ = ("x", "__weakref__")


class ByObject:
    """Equal to others, but hashed by its address all the same."""
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


class BySuper:
    def __hash__(self):
        return super().__hash__() ^ 1


class Meta(type):
    def __hash__(cls):
        return super().__hash__() ^ 2


class Made(metaclass=Meta):
    pass


class Colour(enum.Enum):
    RED = 1


class Abstract(abc.ABC):
    @abc.abstractmethod
    def method(self): ...


class Derived(dict):
    __hash__ = object.__hash__


class Unhashable:
    __hash__ = None

    def method(self):
        return 1


class Singleton:
    made = None

    def __new__(cls):
        cls.made = cls.made or super().__new__(cls)
        return cls.made


class Reduced:
    def __reduce__(self):
        return Reduced, ()


def factory(number):
    class Local:
        def method(self):
            return number

    def closure():
        return number
    return [Local, closure, lambda: number, Local().method]


def generate():
    yield


class Key:
    def __init__(self, *parts):
        self.parts, self.known = parts, hash(parts)

    def __hash__(self):
        return self.known

    def __eq__(self, other):
        return self.parts == other.parts


unhashable = Unhashable()
generator, plain = generate(), Plain()
things = [plain, Slotted(), ByObject(), BySuper(), Made, Made(), Colour, Colour.RED, Abstract, Derived(), Singleton(),
          Reduced(), Key, Plain, factory, generate, generator, functools.partial(factory, 1),
          Slotted.x, Plain.__dict__["__dict__"], plain.__str__, unhashable.method, json, math, json.dumps, len, math.sin,
          "text".upper, (7 ** 30).bit_length, str.upper, str.__add__, dict.fromkeys, int, type, object, collections.OrderedDict,
          collections.OrderedDict.fromkeys, string.Formatter, functools.lru_cache,
          logging.getLogger("kept.logger"), logging.getLogger("kept"), math.nan, float("nan"), NotImplemented, None, ..., enum.auto, math.__loader__.__class__,
          list[Plain], functools.lru_cache(factory), staticmethod(factory), property(factory), type(generator)]
for number in range(300):
    things += factory(number)
things += [Plain() for _ in range(300)]
kept = [hash(thing) for thing in things]
keys = {Key(thing, number): number for number, thing in enumerate(things)}
later = Plain()  # is hashed by nobody before the save
of_set = set(things[-300:])
order = [things.index(thing) for thing in of_set]
frozen = frozenset(things[-200:])
frozen_hash = hash(frozen)
rounds = 0


def check():
    for thing, known in zip(things, kept):
        assert hash(thing) == known, thing
    for number, thing in enumerate(things):
        assert keys[Key(thing, number)] == number
        assert thing in {thing: 1}
    assert [things.index(thing) for thing in of_set] == order
    assert hash(frozen) == frozen_hash and frozen <= of_set
    for thing in things[:3] + things[60:80]:
        if type(thing).__hash__ is object.__hash__:
            assert object.__hash__(thing) == hash(thing)
    # Of many objects of the same name each has a hash of its own.
    assert len({hash(thing) for thing in things}) > 1300
    hash(later)
