# SPDX-License-Identifier: BSD-3-Clause
"""Functions, classes and exceptions"""
import colorsys
import contextlib
import contextvars
import copy
import enum
import functools
import gc
import importlib.abc
import importlib.util
import inspect
import io
import logging
import math
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import types
import typing
import unittest.mock
import warnings


def functools_all():
    """functools: partial, partialmethod, lru_cache, cache, cached_property, singledispatch, cmp_to_key, total_ordering | exact"""
    calls = []

    @functools.lru_cache(maxsize=3)
    def bounded(x, y=1):
        calls.append(x)
        return [x, y]

    @functools.cache
    def unbounded(x):
        calls.append(x)
        return x

    @functools.singledispatch
    def kind(x):
        return "object"

    @kind.register
    def _(x: int):
        return "int"

    class Cached:
        @functools.cached_property
        def value(self):
            calls.append("value")
            return len(calls)

        @functools.singledispatchmethod
        def of(self, x):
            return "any"

        @of.register
        def _(self, x: str):
            return "str"

        power = functools.partialmethod(pow, 3)

    for x in (1, 2, 3, 1, 4):
        bounded(x)
    bounded(1, y=2)
    unbounded(7)
    part = functools.partial(int, base=2)
    part.note = "kept"
    held = Cached()
    held.value
    key = functools.cmp_to_key(lambda a, b: b - a)
    keys = sorted([1, 3, 2], key=key), key(3)
    kind(1)
    yield
    kind.register(list, lambda x: "list")
    bounded(3), bounded(1), unbounded(7)
    return calls, bounded.cache_info(), unbounded.cache_info(), part("101"), part.note, held.value, kind(3), kind([]), kind(
        True), held.of("x"), key(2) < key(1), keys[1] < key(2)


def contexts_half_way():
    """with blocks half-way: contextmanager, ExitStack, suppress, redirect_stdout, nullcontext, closing | exact"""
    log = []

    @contextlib.contextmanager
    def noting(name):
        log.append(f"enter {name}")
        try:
            yield name
        finally:
            log.append(f"leave {name}")

    with contextlib.ExitStack() as stack:
        stack.enter_context(noting("a"))
        stack.callback(log.append, "callback")
        stack.push(lambda *error: log.append(error[0] and error[0].__name__) or True)
        with noting("b"), contextlib.suppress(KeyError), contextlib.nullcontext(5) as five:
            yield
            log.append(five)
            raise KeyError
        raise ValueError
    return log


def generators():
    """generators, coroutines, async generators | exact"""
    def numbers():
        got = []
        try:
            while True:
                got.append((yield len(got)))
        except ValueError:
            yield got

    async def answer(x):
        return x + await waits()

    @types.coroutine
    def waits():
        return (yield "waiting")
    held, later = numbers(), answer(1)
    next(held), held.send("a"), later.send(None)
    yield
    held.send("b")
    try:
        later.send(41)
    except StopIteration as end:
        return held.throw(ValueError), end.value


def enums():
    """enum: Enum, Flag, auto, IntEnum with members of the script | exact"""
    class Colour(enum.Enum):
        RED = enum.auto()
        BLUE = "b"

    class Right(enum.Flag):
        R = 1
        W = 2
    held, rights = [Colour.RED], Right.R | Right.W
    walk = iter(Colour)
    next(walk)
    yield
    return held[0] is Colour.RED, Right.W in rights, next(walk), rights


def flags_of_libraries():
    """flags of libraries that have no name: combinations, none at all | exact"""
    both, none = socket.MSG_PEEK | socket.MSG_OOB, socket.MsgFlag(0)
    patterns, files = re.I | re.M, ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    yield
    return [repr(one) for one in (both, none, patterns, files)], [
        both is socket.MSG_PEEK | socket.MSG_OOB, none is socket.MsgFlag(0), patterns is re.I | re.M,
        files is ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1]


def typing_kinds():
    """typing: generic aliases, TypeVar, NewType, Protocol, TypedDict, NamedTuple, Annotated | exact"""
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        pass

    class Point(typing.NamedTuple):
        x: int
        y: int = 2

    class Has(typing.Protocol):
        number: int
    kinds = [Box[int], typing.Optional[list[T]], typing.Annotated[int, "unit"], typing.NewType("Id", int), int | None]
    yield
    return [repr(k).replace(__name__, "") for k in kinds], Point(1), kinds[0].__origin__ is Box, typing.get_args(kinds[1])


def context_variables():
    """contextvars: Context, Token | exact"""
    variable = contextvars.ContextVar("v", default=1)
    token = variable.set(2)
    context = contextvars.copy_context()
    yield
    inside = context.run(variable.get)
    variable.reset(token)
    return inside, variable.get()


def introspection():
    """exceptions with tracebacks, traceback and inspect objects, code objects | exact"""
    try:
        {}["missing"]
    except KeyError as error:
        caught = error
    summary = traceback.extract_stack(limit=1)
    shown = traceback.TracebackException.from_exception(caught)
    signature = inspect.signature(lambda a, *b, c=3: None)
    bound = signature.bind(1, 2, c=4)
    code = compile("x + 1", "<made>", "eval")
    frame = inspect.currentframe()
    yield
    text = traceback.format_exception(caught)
    return text, "".join(shown.format()) == "".join(text), len(summary), str(signature), bound.arguments, eval(
        code, {"x": 1}), frame.f_code.co_name


def copies():
    """objects made by copy, deepcopy, __reduce__ of the script's classes | exact"""
    class Odd:
        def __init__(self):
            self.a = [1]

        def __reduce__(self):
            raise TypeError
    one = Odd()
    two = copy.copy(one.a)
    yield
    one.a.append(2)
    return one.a, two


def interpreter_hooks():
    """sys.addaudithook(), os.register_at_fork(), typing.get_overloads() | exact"""
    heard, listening, forked = [], [True], []
    sys.addaudithook(lambda event, args: heard.append(event) if listening else None)
    os.register_at_fork(before=lambda: forked.append("before"), after_in_parent=lambda: forked.append("after"))

    @typing.overload
    def doubled(x: int) -> int: ...

    @typing.overload
    def doubled(x: str) -> str: ...

    def doubled(x):
        return x + x

    yield
    of_a_snapshot = {"gc.get_objects", "pickle.find_class"} & {*heard}
    sys.audit("an event of the script")
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    last = heard[-2:]
    listening.clear()
    return last, of_a_snapshot, forked, len(typing.get_overloads(doubled))


def modules_of_a_finder():
    """modules that a finder of the script has made (sys.meta_path) | exact"""
    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path, target=None):
            return importlib.util.spec_from_loader(name, self) if name.startswith("made_") else None

        def exec_module(self, module):
            exec("count = 0\ndef more():\n    global count\n    count += 1\n    return __name__, count", vars(module))

    finder = Finder()
    sys.meta_path.append(finder)
    first = importlib.import_module("made_first")
    first.more()
    yield
    again, second = importlib.import_module("made_first"), importlib.import_module("made_second")
    sys.meta_path.remove(finder)
    return again is first, first.more(), second.more()


def entries_of_sys_modules():
    """sys.modules: modules under other names, objects in the place of modules, None | exact"""
    class Instead:
        count = 1

    sys.modules["another_name"] = sys.modules["abc"]
    sys.modules["colorsys.extra"] = colorsys.extra = sys.modules["abc"]
    sys.modules["instead"] = instead = Instead()
    sys.modules["mocked"] = unittest.mock.MagicMock()
    sys.modules["this"] = None
    importlib.import_module("mocked").turn(1)
    yield
    found = [importlib.import_module(name) for name in ("another_name", "colorsys.extra", "instead", "mocked")]
    try:
        found.append(importlib.import_module("this"))
    except ImportError as error:
        found.append(type(error).__name__)
    for name in ("another_name", "colorsys.extra", "instead", "mocked", "this"):
        del sys.modules[name]
    del colorsys.extra
    abc = sys.modules["abc"]
    return found[0] is abc, found[1] is abc, found[2] is instead, found[3].turn.call_args.args, found[4]


def patched_libraries():
    """functions, methods and constants of libraries that the script has replaced, added or removed | exact"""
    def instead(*arguments, **named):
        return "instead", len(arguments)

    places = [(subprocess, "run"), (logging, "getLogger"), (logging.Logger, "debug"), (threading.Thread, "run"),
              (socket.socket, "connect"), (warnings, "warn"), (time, "sleep"), (textwrap.TextWrapper, "fill"),
              (math, "added"), (re, "_MAXCACHE"), (socket, "SOMAXCONN"), (sys, "added")]
    before = [vars(holder).get(name, places) for holder, name in places]
    for (holder, name), value in zip(places, before):
        setattr(holder, name, value + 1 if isinstance(value, int) else instead)
    removed = inspect.getsource
    del inspect.getsource
    yield
    now = [vars(holder).get(name) for holder, name in places]
    goes_on = [value == was + 1 if isinstance(was, int) else value is instead for value, was in zip(now, before)]
    goes_on.append(hasattr(inspect, "getsource"))
    inspect.getsource = removed
    for (holder, name), value in zip(places, before):
        delattr(holder, name) if value is places else setattr(holder, name, value)
    return goes_on, instead(1, 2)


def made_modules():
    """modules that the script has made (types.ModuleType), with the functions that run in them | exact"""
    module = types.ModuleType("made_here")
    exec("count = 0\ndef more():\n    global count\n    count += 1", vars(module))
    more = module.more
    more()
    yield
    more(), module.more()
    module.count += 10
    more()
    return module.count, more is module.more, more.__globals__ is vars(module)


def modules_that_were_removed():
    """library modules that have left sys.modules, also when they were imported again | exact"""
    gone, twice = importlib.import_module("sched"), importlib.import_module("nturl2path")
    queue, old = gone.scheduler(delayfunc=lambda _: None), twice.url2pathname
    queue.enter(5, 1, len, ("x",))
    kind = type(queue)
    del sys.modules["sched"], sys.modules["nturl2path"], gone, twice
    new = importlib.import_module("nturl2path").url2pathname
    yield
    return ("sched" in sys.modules, type(queue) is kind, queue.empty(), old is new, old("///C|/a") == new("///C|/a"),
            old.__globals__["url2pathname"] is old, sys.modules["nturl2path"].url2pathname is new)


def before_init():
    """objects that only __new__ has made: io.IncrementalNewlineDecoder, sqlite3.Cursor, super | exact"""
    decoder, bare = io.IncrementalNewlineDecoder.__new__(io.IncrementalNewlineDecoder), super.__new__(super)
    cursor = sqlite3.Cursor.__new__(sqlite3.Cursor)
    yield
    decoder.__init__(None, True), bare.__init__(bool, True)
    cursor.__init__(sqlite3.connect(":memory:"))
    return decoder.decode("a\r\nb"), decoder.newlines, bare.__add__(1), list(cursor.execute("select 1"))


def finalized_objects():
    """objects that count in __init__ and __del__ how many there are, one of them raised again | exact"""
    class Counted:
        alive, gone, back = 0, [], []

        def __init__(self, name):
            self.name = name
            Counted.alive += 1

        def __del__(self):
            Counted.alive -= 1
            Counted.gone.append(self.name)
            if self.name == "back":
                Counted.back.append(self)

    held, around, back = [Counted("held"), Counted("last")], Counted("around"), Counted("back")
    around.me = around
    del back
    before = Counted.alive
    yield
    counts = [before, Counted.alive]
    held.pop()
    del around
    gc.collect()
    counts.append(Counted.alive)
    Counted.back.clear()
    return counts, Counted.alive, Counted.gone, len(held)


def single_objects():
    """recursion limit, interned strings, sentinel objects | exact"""
    sentinel, singles = object(), [Ellipsis, NotImplemented, None]
    d = {sentinel: 1}
    text = sys.intern("a text " + "made")
    tokens = [sys.intern(" ".join(["token", str(i)])) for i in range(3)]
    tokens += [sys.intern("".join(["Text", "Wrapper"])), sys.intern("".join(["_to", "_bytes"]))]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 77)
    yield
    raised = sys.getrecursionlimit() - limit
    sys.setrecursionlimit(limit)
    return d[sentinel], text is sys.intern("a text " + "made"), \
        [token is sys.intern(" ".join(["token", str(i)])) for i, token in enumerate(tokens[:3])], \
        [token is sys.intern("".join([token[:3], token[3:]])) for token in tokens], singles[0] is ..., singles[1] is NotImplemented, raised
