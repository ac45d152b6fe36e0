# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Callbacks of text functions: re.sub, json hooks, str.translate, Formatter, a tokenizer, a small parser."""
import json
import re
import string

from digest import Digest, report

TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<name>[a-z]\w*)|(?P<sign>[-+*/()=]))")


def spin(n):
    total = 0
    for i in range(n % 9):
        total += i
    return total


class Letters:
    def __init__(self):
        self.asked = 0

    def __getitem__(self, code):
        self.asked += 1
        if code == ord("e"):
            return None
        return chr(code + 1) if spin(code) % 2 else code


class Upper(string.Formatter):
    def get_value(self, key, args, named):
        return spin(key) if isinstance(key, int) else named.get(key, "?")

    def format_field(self, value, spec):
        return super().format_field(value, spec.lower()) + str(spin(len(spec)))


class Odd:
    def __init__(self, n):
        self.n = n


def encode(thing):
    return {"odd": thing.n, "spun": spin(thing.n)}


def decode(pairs):
    return tuple((key, spin(len(key)), value) for key, value in pairs)


def tokens(text):
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise SyntaxError(text[at:])
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()
    yield "end", ""


class Parser:
    def __init__(self, text, names):
        self.tokens, self.names = tokens(text), names
        self.kind, self.text = next(self.tokens)

    def take(self):
        text = self.text
        self.kind, self.text = next(self.tokens)
        return text

    def sum(self):
        value = self.product()
        while self.text in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self):
        value = self.atom()
        while self.text in ("*", "/"):
            if self.take() == "*":
                value *= self.atom()
            else:
                value //= self.atom() or 1
        return value

    def atom(self):
        if self.text == "-":
            self.take()
            return -self.atom()
        if self.kind == "number":
            return int(self.take())
        if self.kind == "name":
            return self.names[self.take()]
        if self.take() != "(":
            raise SyntaxError(self.text)
        value = self.sum()
        self.take()
        return value


digest = Digest()
letters = Letters()
for n in range(5000):
    text = f"the {n} quick foxes and {n * 7} lazy dogs"
    digest.add(re.sub(r"\w+", lambda m: m[0][::-1] if spin(m.start()) % 2 else m[0].upper(), text))
    digest.add(re.subn(r"\d", lambda m: str(spin(int(m[0]))), text, count=3), text.translate(letters))
    digest.add(Upper().format("{0:X} {word:>8} {5:d}", word=n), letters.asked)
    line = json.dumps({"n": Odd(n), "list": [Odd(i) for i in range(n % 4)]}, default=encode)
    digest.add(line, json.loads(line, object_pairs_hook=decode, parse_int=lambda s: spin(int(s))))
    try:
        parser = Parser(f"({n} + x * {n % 7}) / (y - {n % 5}) - -{n}" + " )" * (n % 9 == 8) + "$" * (n % 10 == 9),
                        {"x": n % 4, "y": 3})
        digest.add(parser.sum(), parser.kind)
    except (SyntaxError, KeyError) as e:
        digest.add(repr(e))
report("text_callbacks", digest)
