# SPDX-License-Identifier: BSD-3-Clause
"""What every random program (random_program.py) begins with: steps that are told, and things whose
operators, blocks and iterations are in Python."""
import asyncio
import contextlib
import functools
import gc
import itertools
import sys

try:
    from chkpt import snapshot
except ImportError:
    def snapshot():
        return False

gc.disable()  # when it finds garbage is another moment after a resume
STOPS = {int(word) for word in sys.argv[1:]}
FUEL = 150
steps, fuel = 0, FUEL


def tick(value):
    global steps
    steps += 1
    print(steps, repr(value)[:60], flush=True)
    if steps in STOPS:
        snapshot()
    spend()
    return value


def quiet(value):  # a resume hashes and compares keys again
    return value


@functools.lru_cache(maxsize=4)
def cached(value, *, step=1):
    return tick(number(value)) if number(value) < step else cached(number(value) - step, step=step) + 1


def in_order(values, key):
    values = list(values)
    values += (tick(v) for v in values[:2])
    values.extend(map(tick, values[:1]))
    values.sort(key=lambda v: number(key(v)))
    return values


class OutOfFuel(BaseException):
    pass


def spend():
    global fuel
    fuel -= 1
    if fuel <= 0 and fuel % 20 == 0:
        raise OutOfFuel


class Box:
    kind = "box"

    def __init__(self, value=0):
        self.value = tick(value)

    def __enter__(self):
        return tick(self)

    def __exit__(self, kind, error, trace):
        tick(kind and kind.__name__)
        return kind is KeyError

    async def __aenter__(self):
        await Pause()
        return tick(self)

    async def __aexit__(self, kind, error, trace):
        tick(kind and kind.__name__)
        await Pause()
        return kind is LookupError

    def __iter__(self):
        for i in range(self.value % 4):
            yield tick(i)

    async def __aiter__(self):
        for i in range(self.value % 4):
            await Pause()
            yield tick(i)

    def __add__(self, other):
        return Box(self.value + number(other))

    __radd__ = __add__

    def __eq__(self, other):
        return quiet(self.value) == number(other)

    def __lt__(self, other):
        tick("lt")
        return self.value < number(other)

    def __hash__(self):
        return quiet(self.value) % 5

    def __bool__(self):
        return bool(tick(self.value % 3))

    def __len__(self):
        return tick(self.value % 6)

    def __index__(self):
        return tick(self.value % 7)

    def __contains__(self, item):
        return tick(number(item)) == self.value

    def __getitem__(self, key):
        if tick(key) == self.value:
            raise KeyError(key)
        return key

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return tick(len(name))

    @property
    def shown(self):
        return tick(self.value * 2)

    @functools.cached_property
    def kept(self):
        return tick(self.value * 3)

    def __call__(self, *args, **kwargs):
        return tick(len(args) + len(kwargs))

    def __repr__(self):
        return f"Box({self.value})"

    def __format__(self, spec):
        return f"[{tick(self.value)}{spec}]"


class Pause:
    def __await__(self):
        tick("pause")
        yield from asyncio.sleep(0).__await__()


class Meta(type):
    def __new__(meta, name, bases, space, **options):
        tick(name)
        return super().__new__(meta, name, bases, space)

    def __prepare__(name, bases, **options):
        return {"prepared": tick(len(options))}

    def __call__(cls, *args):
        tick("making")
        return super().__call__(*args)


class Named:
    def __set_name__(self, owner, name):
        tick(name)

    def __get__(self, instance, owner=None):
        return tick(instance is None)


@contextlib.contextmanager
def managed(value):
    try:
        yield tick(value)
    except ValueError:
        tick("swallowed")
    finally:
        tick("left")


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        tick("before")
        try:
            return function(*args)
        finally:
            tick("after")
    return wrapper


def drive(coroutine):
    """Runs it by hand."""
    sent = None
    while True:
        try:
            coroutine.send(sent)
            sent = tick("driven")
        except StopIteration as end:
            return end.value


async def together(*coroutines):
    return [repr(found) for found in await asyncio.gather(*coroutines, return_exceptions=True)]


def number(value):
    if isinstance(value, bool) or value is None:
        return int(value or 0)
    if isinstance(value, int):
        return value % 1009
    if isinstance(value, Box):
        return value.value
    return len(value) if hasattr(value, "__len__") else 7
