# SPDX-License-Identifier: BSD-3-Clause
"""Prints a random Python program: random_program.py SEED. The same seed gives the same program.

Its functions call each other from all that Python has: loops, handlers, with blocks, generators,
coroutines, comprehensions, operators, class bodies, callbacks from C. They report each step by
tick(), which prints a line, and takes a snapshot at the steps that the program's arguments name.
It ends: each call spends fuel, and loops are bounded.
"""
import random
import sys
from pathlib import Path

PRELUDE = (Path(__file__).parent / "random_prelude.py").read_text()

ERRORS = ["ValueError", "KeyError", "LookupError", "ZeroDivisionError", "RuntimeError", "TypeError"]


class Program:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lines = []
        self.functions = []  # (name, kind) that may be called: those written before
        self.names = 0

    def pick(self, *choices):
        return self.rng.choice(choices)()

    def name(self, stem):
        self.names += 1
        return f"{stem}{self.names}"

    def write(self, depth, text):
        self.lines.append("    " * depth + text)

    # ---- expressions

    def number(self, scope, level=0):
        """Of an int."""
        if level > 2:
            return self.rng.choice([str(self.rng.randrange(9)), *scope.names])
        choices = [
            lambda: str(self.rng.randrange(20)),
            lambda: self.rng.choice(scope.names),
            lambda: f"tick({self.number(scope, level + 1)})",
            lambda: f"({self.number(scope, level + 1)} {self.rng.choice('+-*')} {self.number(scope, level + 1)}) % 97",
            lambda: f"({self.number(scope, level + 1)} if {self.truth(scope, level + 1)} else {self.number(scope, level + 1)})",
            lambda: f"number(Box({self.number(scope, level + 1)}) + {self.number(scope, level + 1)})",
            lambda: f"sum({self.iterable(scope, level + 1)})",
            lambda: f"max(({self.number(scope, level + 1)}, *{self.iterable(scope, level + 1)}), key=lambda v: tick(-v))",
            lambda: f"functools.reduce(lambda a, b: tick(a * 3 + b) % 101, {self.iterable(scope, level + 1)}, 1)",
            lambda: f"min({self.iterable(scope, level + 1)}, key={self.function_of_one()}, default={self.number(scope, level + 1)})",
            lambda: f"cached({self.number(scope, level + 1)} % 9, step={self.number(scope, level + 1)} % 3 + 1)",
            lambda: f"len(','.join(map(str, {self.iterable(scope, level + 1)})))",
            lambda: f"len({{Box(v): v for v in {self.iterable(scope, level + 1)}}})",
            lambda: f"Box({self.number(scope, level + 1)}).{self.rng.choice(['shown', 'kept', 'missing', 'value'])}",
            lambda: f"Box({self.number(scope, level + 1)})({self.number(scope, level + 1)}, *{self.iterable(scope, level + 1)}, k={self.number(scope, level + 1)})",
            lambda: f"len('{{:>{{}}}}'.format(Box({self.number(scope, level + 1)}), {self.number(scope, level + 1)}))",
            lambda: f"range(9)[Box({self.number(scope, level + 1)})]",
            lambda: f"(lambda a, b={self.number(scope, level + 1)}: tick(a) + b)({self.number(scope, level + 1)})",
            lambda: f"next(iter({self.iterable(scope, level + 1)}), {self.number(scope, level + 1)})",
            lambda: f"int(eval('tick(a) + 1', {{'tick': tick, 'a': {self.number(scope, level + 1)}}}))",
        ]
        if scope.may_await():
            choices.append(lambda: f"(await Pause() or {self.number(scope, level + 1)})")
        choices += [lambda: self.call(scope, level)] * 3
        return self.rng.choice(choices)()

    def function_of_one(self):
        return self.rng.choice(["tick", "cached", "functools.partial(cached, step=2)", "lambda v: tick(v * 7 % 5)",
                                "Box(1).__add__", "Box"])

    def call(self, scope, level):
        if not self.functions:
            return str(self.rng.randrange(30))
        name, kind = self.rng.choice(self.functions)
        made = f"{name}({self.number(scope, level + 1)})"
        if kind == "generator":
            return f"sum({made})"
        if kind == "async":
            return f"(await {made})" if scope.may_await() else f"drive({made})"
        return made

    def truth(self, scope, level=0):
        if level > 2:
            return self.rng.choice(["True", "steps % 2"])
        n = lambda: self.number(scope, level + 1)
        return self.pick(
            lambda: f"{n()} % 2", lambda: f"{n()} < {n()} <= {n()}", lambda: f"Box({n()})",
            lambda: f"Box({n()}) in [Box({n()}), Box({n()})]", lambda: f"{n()} in Box({n()})",
            lambda: f"not {self.truth(scope, level + 1)}",
            lambda: f"({self.truth(scope, level + 1)} and {self.truth(scope, level + 1)} or {n()} > 50)",
            lambda: f"any(tick(v) > 3 for v in {self.iterable(scope, level + 1)})",
            lambda: f"all(map(tick, {self.iterable(scope, level + 1)}))")

    def iterable(self, scope, level=0):
        """Of ints, a few."""
        if level > 2:
            return "range(3)"
        n = lambda: self.number(scope, level + 1)
        inner = scope.within()
        body = lambda: self.number(inner, level + 1)
        choices = [
            lambda: f"range({n()} % 4)", lambda: f"[{n()}, {n()}]", lambda: f"Box({n()})",
            lambda: f"[{body()} for _ in {self.iterable(scope, level + 1)} if {self.truth(inner, level + 1)}]",
            lambda: f"({body()} for _ in {self.iterable(scope, level + 1)})",
            lambda: f"{{{body()} for _ in {self.iterable(scope, level + 1)}}}",
            lambda: f"{{{body()}: {body()} for _ in range(3)}}.values()",
            lambda: f"map(lambda v: tick(v + {body()}), {self.iterable(scope, level + 1)})",
            lambda: f"filter(tick, {self.iterable(scope, level + 1)})",
            lambda: f"(number(v) for v in map({self.function_of_one()}, {self.iterable(scope, level + 1)}))",
            lambda: f"(number(v) for v in filter({self.function_of_one()}, {self.iterable(scope, level + 1)}))",
            lambda: f"[*{self.iterable(scope, level + 1)}, *{self.iterable(scope, level + 1)}]",
            lambda: f"{self.rng.choice(['list', 'tuple', 'set', 'frozenset'])}({self.iterable(scope, level + 1)})",
            lambda: f"dict(zip({self.iterable(scope, level + 1)}, {self.iterable(scope, level + 1)}))",
            lambda: f"in_order({self.iterable(scope, level + 1)}, {self.function_of_one()})",
            lambda: f"sorted({self.iterable(scope, level + 1)}, key=lambda v: tick(v % 3), reverse={n()} > 5)",
            lambda: f"(v.value for v in sorted([Box({n()}), Box({n()}), Box({n()})]))",
            lambda: f"itertools.chain({self.iterable(scope, level + 1)}, {self.iterable(scope, level + 1)})",
            lambda: f"itertools.islice(itertools.accumulate({self.iterable(scope, level + 1)}, lambda a, b: tick(a - b)), 4)",
            lambda: f"itertools.takewhile(lambda v: tick(v) < 40, {self.iterable(scope, level + 1)})",
            lambda: f"(a + b for a, b in zip({self.iterable(scope, level + 1)}, {self.iterable(scope, level + 1)}))",
            lambda: f"reversed(list({self.iterable(scope, level + 1)}))",
            lambda: f"[i + v for i, v in enumerate({self.iterable(scope, level + 1)})]",
        ]
        generators = [name for name, kind in self.functions if kind == "generator"]
        if generators:
            choices += [lambda: f"{self.rng.choice(generators)}({n()})"] * 4
        return self.rng.choice(choices)()

    # ---- statements

    def block(self, depth, scope, level):
        for _ in range(self.rng.randrange(1, 4)):
            self.statement(depth, scope, level)

    def statement(self, depth, scope, level):
        simple = [self.assign, self.assign, self.report, self.augment]
        nested = [self.if_, self.for_, self.for_, self.while_, self.try_, self.try_, self.with_, self.inner, self.class_,
                  self.match_, self.groups, self.stack_, self.deep]
        if scope.kind == "generator":
            simple += [self.yield_, self.yield_, self.yield_from]
        if scope.is_async:
            simple += [self.await_, self.await_]
            nested += [self.async_for, self.async_with, self.gather]
        if scope.loop:
            simple += [self.leave_loop]
        simple += [self.raise_, self.return_]
        kinds = simple if level > 2 else simple + nested * 2
        self.rng.choice(kinds)(depth, scope, level)

    def assign(self, depth, scope, level):
        if self.rng.random() < 0.2:
            self.write(depth, f"{self.rng.choice(scope.names)}, *_ = {self.number(scope)}, *{self.iterable(scope)}")
        else:
            self.write(depth, f"{self.rng.choice(scope.names)} = {self.number(scope)}")

    def report(self, depth, scope, level):
        self.write(depth, f"tick(({self.number(scope)}, {self.truth(scope)}))")

    def augment(self, depth, scope, level):
        self.write(depth, self.pick(lambda: f"{self.rng.choice(scope.names)} += {self.number(scope)} % 13",
                                    lambda: f"store[{self.number(scope)} % 4] += {self.number(scope)} % 13",
                                    lambda: f"box.value -= {self.number(scope)} % 13"))

    def raise_(self, depth, scope, level):
        error = self.rng.choice(ERRORS)
        tail = self.rng.choice(["", "", " from None", f" from {self.rng.choice(ERRORS)}(2)"])
        self.write(depth, f"if {self.truth(scope, 1)}:")
        self.write(depth + 1, f"raise {error}({self.number(scope, 1)}){tail}")

    def return_(self, depth, scope, level):
        self.write(depth, f"if {self.number(scope, 1)} % 5 == 0:")
        self.write(depth + 1, f"return {self.number(scope)}")

    def leave_loop(self, depth, scope, level):
        self.write(depth, f"if {self.truth(scope, 1)}:")
        self.write(depth + 1, self.rng.choice(["break", "continue"]))

    def yield_(self, depth, scope, level):
        self.write(depth, f"{self.rng.choice(scope.names)} = number((yield {self.number(scope)}))")

    def yield_from(self, depth, scope, level):
        self.write(depth, f"{self.rng.choice(scope.names)} = number((yield from {self.iterable(scope)}))")

    def await_(self, depth, scope, level):
        self.write(depth, "await Pause()")

    def if_(self, depth, scope, level):
        self.write(depth, f"if (got{depth} := {self.number(scope)}) > 9 or {self.truth(scope)} and got{depth}:")
        self.block(depth + 1, scope, level + 1)
        if self.rng.random() < 0.5:
            self.write(depth, f"elif {self.truth(scope)}:")
            self.block(depth + 1, scope, level + 1)
            self.write(depth, "else:")
            self.block(depth + 1, scope, level + 1)

    def for_(self, depth, scope, level):
        self.write(depth, f"for {self.rng.choice(scope.names)} in {self.iterable(scope)}:")
        self.write(depth + 1, "spend()")
        self.block(depth + 1, scope.in_loop(), level + 1)
        if self.rng.random() < 0.3:
            self.write(depth, "else:")
            self.block(depth + 1, scope, level + 1)

    def while_(self, depth, scope, level):
        count = self.name("count")
        self.write(depth, f"{count} = {self.number(scope)} % 4")
        self.write(depth, f"while ({count} := {count} - 1) >= 0 and {self.truth(scope)}:")
        self.write(depth + 1, "spend()")
        self.block(depth + 1, scope.in_loop(), level + 1)

    def try_(self, depth, scope, level):
        self.write(depth, "try:")
        self.block(depth + 1, scope, level + 1)
        handled = self.rng.random() < 0.8
        if handled:
            for error in self.rng.sample(ERRORS, self.rng.randrange(1, 3)):
                self.write(depth, f"except {error} as error:")
                self.write(depth + 1, "tick(error)")
                self.block(depth + 1, scope, level + 1)
                if self.rng.random() < 0.2:
                    self.write(depth + 1, "raise")
            if self.rng.random() < 0.4:
                self.write(depth, "else:")
                self.block(depth + 1, scope, level + 1)
        if not handled or self.rng.random() < 0.5:
            self.write(depth, "finally:")
            self.block(depth + 1, scope, level + 1)

    def with_(self, depth, scope, level):
        one = self.rng.choice([f"Box({self.number(scope)}) as box", f"managed({self.number(scope)})",
                               f"contextlib.suppress({self.rng.choice(ERRORS)})",
                               f"managed({self.number(scope)}), Box({self.number(scope)}) as box"])
        self.write(depth, f"with {one}:")
        self.block(depth + 1, scope, level + 1)

    def stack_(self, depth, scope, level):
        self.write(depth, "with contextlib.ExitStack() as closing:")
        self.write(depth + 1, f"closing.enter_context(managed({self.number(scope)}))")
        self.write(depth + 1, f"closing.callback(tick, {self.number(scope)})")
        self.block(depth + 1, scope, level + 1)

    def groups(self, depth, scope, level):
        # No return, break or continue may leave an except* block.
        self.write(depth, "try:")
        self.write(depth + 1, f"raise ExceptionGroup('group', [ValueError({self.number(scope)}), KeyError(1)])")
        self.write(depth, "except* ValueError as error:")
        self.write(depth + 1, f"tick((len(error.exceptions), {self.number(scope)}))")
        self.write(depth, "except* KeyError:")
        self.write(depth + 1, f"tick({self.number(scope)})")

    def inner(self, depth, scope, level):
        name, own = self.name("inner"), self.name("n")
        self.write(depth, f"def {name}({own}=tick(1)):")
        self.write(depth + 1, "spend()")
        self.write(depth + 1, f"nonlocal {scope.names[0]}")
        self.write(depth + 1, f"{scope.names[0]} = {own} + 1")
        inner = Scope("plain", [own, scope.names[0]])
        self.block(depth + 1, inner, level + 1)
        self.write(depth + 1, f"return tick({own})")
        if self.rng.random() < 0.4:
            self.write(depth, f"{name} = decorated({name})")
        self.write(depth, f"{self.rng.choice(scope.names)} = {name}({self.number(scope)})")

    def class_(self, depth, scope, level):
        name = self.name("Class")
        self.write(depth, f"class {name}(metaclass=Meta, option=tick(1)):")
        self.write(depth + 1, "named = Named()")
        self.write(depth + 1, f"first = {self.number(scope.within())}")
        self.write(depth + 1, "for field in range(2):")
        self.write(depth + 2, "tick(field)")
        self.write(depth, f"{self.rng.choice(scope.names)} = number({name}().named) + {name}.first")

    def match_(self, depth, scope, level):
        self.write(depth, f"match [{self.number(scope)} % 3, Box({self.number(scope)})]:")
        self.write(depth + 1, f"case [0, *_] if {self.truth(scope)}:")
        self.block(depth + 2, scope, level + 1)
        self.write(depth + 1, "case [1, Box(value=found)]:")
        self.write(depth + 2, "tick(found)")
        self.write(depth + 1, "case _:")
        self.block(depth + 2, scope, level + 1)

    def deep(self, depth, scope, level):
        name = self.name("down")
        self.write(depth, f"def {name}(n):")
        self.write(depth + 1, f"return tick(n) if n <= 0 else {name}(n - 1) + tick(1)")
        self.write(depth, f"{self.rng.choice(scope.names)} = {name}({self.rng.choice([5, 12, 60])})")

    def async_for(self, depth, scope, level):
        self.write(depth, f"async for {self.rng.choice(scope.names)} in Box({self.number(scope)}):")
        self.write(depth + 1, "spend()")
        self.block(depth + 1, scope.in_loop(), level + 1)

    def async_with(self, depth, scope, level):
        self.write(depth, f"async with Box({self.number(scope)}) as box:")
        self.block(depth + 1, scope, level + 1)

    def gather(self, depth, scope, level):
        self.write(depth, f"{self.rng.choice(scope.names)} = sum([v async for v in Box({self.number(scope)})])")

    # ---- the whole

    def function(self):
        kind = self.rng.choice(["plain", "plain", "generator", "async"])
        name, parameter = self.name(kind[0]), self.name("p")
        scope = Scope(kind, [parameter, self.name("a"), self.name("b")])
        self.write(0, "")
        self.write(0, "")
        if kind == "plain" and self.rng.random() < 0.3:
            self.write(0, "@decorated")
        self.write(0, f"{'async ' if kind == 'async' else ''}def {name}({parameter}):")
        self.write(1, "spend()")
        self.write(1, f"{scope.names[1]}, {scope.names[2]}, box = {parameter} % 7, 2, Box({parameter})")
        for _ in range(self.rng.randrange(2, 5)):
            self.statement(1, scope, 0)
        if kind == "generator":
            self.write(1, f"yield {scope.names[1]}")
        self.write(1, f"return tick({scope.names[2]})")
        self.functions.append((name, kind))

    def text(self):
        for _ in range(self.rng.randrange(4, 9)):
            self.function()
        self.write(0, "")
        self.write(0, "")
        self.write(0, "store = {0: 1, 1: 2, 2: 3, 3: 4}")
        for name, kind in self.functions:
            argument = self.rng.randrange(20)
            made = {"plain": f"{name}({argument})", "generator": f"list({name}({argument}))",
                    "async": f"drive({name}({argument}))"}[kind]
            if kind == "async" and self.rng.random() < 0.6:
                made = f"asyncio.run(together({name}({argument}), {name}(1), {name}(2)))"
            self.write(0, "fuel = FUEL")
            self.write(0, "try:")
            self.write(1, f"tick({made})")
            self.write(0, "except BaseException as error:")
            self.write(1, "tick((type(error).__name__, type(error.__context__).__name__, error.__cause__))")
        return PRELUDE + "\n".join(self.lines) + "\n"


class Scope:
    """Where an expression stands: `inner` is a comprehension, a lambda or a class body."""

    def __init__(self, kind, names, loop=False, inner=False):
        self.kind, self.names, self.loop, self.inner = kind, names, loop, inner
        self.is_async = kind == "async"

    def may_await(self):
        return self.is_async and not self.inner

    def in_loop(self):
        return Scope(self.kind, self.names, True, self.inner)

    def within(self):
        return Scope(self.kind, self.names, False, True)


if __name__ == "__main__":
    print(Program(int(sys.argv[1])).text(), end="")
