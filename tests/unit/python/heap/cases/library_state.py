# What was changed in library modules comes back in the objects that a new import makes.
import calendar
import collections
import dbm.dumb
import fractions
import html.parser
import itertools
import math
import string
import textwrap
import time
import typing
import uuid

fractions.Fraction.made = [1]
fractions.Fraction.made.append(fractions.Fraction.made)
calendar.c.setfirstweekday(4)
month = calendar.c
calendar.numbers = itertools.count(5)
next(calendar.numbers)
calendar.Shifted = type("Shifted", (calendar.TextCalendar,), {"__module__": "calendar"})
shifted = calendar.Shifted(2)
calendar.settings = collections.OrderedDict(a=1, b=2)
calendar.settings.move_to_end("a")
textwrap.TextWrapper.joined = lambda self, words: "-".join(words)
string.Formatter.convert_field, plain_convert = (lambda self, value, how: "?"), string.Formatter.convert_field
del html.parser.HTMLParser.CDATA_CONTENT_ELEMENTS
calendar.day_abbr.note = calendar.day_abbr
identifier = uuid.uuid5(uuid.NAMESPACE_DNS, "a")  # has a __getstate__ of its own
# Functions of modules in C, and what else their names led to.
plain_hypot, math.hypot = math.hypot, lambda *parts: "mine"
time.gmtime = time.monotonic
calendar.T = typing.TypeVar("T")  # says that calendar has it
calendar.T.__module__ = "calendar"
T = calendar.T
# Modules that library modules have got hold of.
dbm._defaultmod, textwrap.re, calendar.extra = dbm.dumb, fractions, math
ran = []


def check():
    assert dbm._defaultmod is dbm.dumb and textwrap.re is fractions and calendar.extra is math
    assert fractions.Fraction.made[1] is fractions.Fraction.made and fractions.Fraction.made[0] == 1
    assert calendar.c.firstweekday == 4 and month is calendar.c and calendar.prcal.__self__ is month
    assert type(shifted) is calendar.Shifted and shifted.firstweekday == 2
    assert list(calendar.settings) == ["b", "a"] and type(calendar.settings) is collections.OrderedDict
    assert textwrap.TextWrapper().joined("ab") == "a-b"
    assert string.Formatter().format("{!r}", 1) == "?" and plain_convert(None, 1, "s") == "1"
    assert not hasattr(html.parser.HTMLParser, "CDATA_CONTENT_ELEMENTS")
    assert calendar.day_abbr.note is calendar.day_abbr
    assert identifier == uuid.uuid5(uuid.NAMESPACE_DNS, "a") and uuid.NAMESPACE_DNS.is_safe is uuid.SafeUUID.unknown
    assert math.hypot(3, 4) == "mine" and plain_hypot(3, 4) == 5 and time.gmtime is time.monotonic
    assert calendar.T is T and T.__name__ == "T" and T.__module__ == "calendar"
    ran.append(1)
    if len(ran) < 2:  # what can be asked once only: after saving, and after loading
        return
    assert next(calendar.numbers) == 6
