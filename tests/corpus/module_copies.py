# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# Library modules that were imported twice: both stay what they were, whichever sys.modules has, and
# so do library classes that were told to be something else, and functions under other names.
import fractions
import logging
import queue
import random
import statistics
import string
import sys
import typing

from digest import Digest, report

first, averages = fractions, statistics
del sys.modules["fractions"], fractions
import fractions as second

del sys.modules["statistics"]
import statistics as other_averages

pure = "_pydatetime" if sys.version_info >= (3, 12) else "datetime"
import datetime

in_c, datetime_in_c = sys.modules["_datetime"], datetime
for name in {pure, "datetime"}:
    sys.modules.pop(name, None)
sys.modules["_datetime"] = None
import datetime

datetime_in_python = datetime
sys.modules["_datetime"] = in_c


class Mixin:
    def more(self):
        return 42


first.MARK, second.MARK = "first", "second"
string.Template.__name__ += "Renamed"
string.Template.__qualname__ += "Elsewhere"
string.Template.__module__ = "nowhere"
queue.LifoQueue.__bases__ = (Mixin, queue.Queue)
last = queue.LifoQueue()
aliases = logging.currentframe, typing._NamedTuple, random.random, random.randint
one, two = first.Fraction(1, 3), second.Fraction(1, 3)
days = datetime_in_c.date(2020, 1, 2), datetime_in_python.date(2020, 1, 2)
modules = datetime_in_c, datetime_in_python
digest = Digest()
value = 5
for i in range(6000):
    for k in range(900):
        value = (value * 75 + k) % 65537
    one, two = type(one)(value, i + 1), type(two)(value, i + 2)
    digest.add(one, two, type(one) is first.Fraction, type(two) is second.Fraction)
    digest.add(averages.Fraction is first.Fraction, other_averages.Fraction is second.Fraction)
    digest.add(type(averages.mean([one, one])) is first.Fraction, first.MARK, second.MARK)
    digest.add(type(one).__add__.__globals__["MARK"], type(two).__add__.__globals__["MARK"])
    digest.add(*(type(day) is module.date for day, module in zip(days, modules)))
    digest.add(*(hasattr(day, "_year") for day in days), sys.modules["datetime"] is modules[1])
    digest.add(repr(string.Template), string.Template.__name__, last.more())
    digest.add([base.__name__ for base in queue.LifoQueue.__bases__])
    now = logging.currentframe, typing._NamedTuple, random.random, random.randint
    digest.add(*(there is then for there, then in zip(aliases, now)))
report("module_copies", digest)
