# SPDX-License-Identifier: BSD-3-Clause
# Library modules that were imported twice: which of the two a name leads to, and who has which.
import bisect
import colorsys
import fractions
import importlib
import importlib.util
import queue
import sched
import statistics
import sys
import textwrap

first, averages = fractions, statistics
numbers_registered = isinstance(1, first.numbers.Integral)

# statistics has the first one, whatever the name leads to.
del sys.modules["fractions"], fractions
import fractions as second

first.MARK, second.MARK = "first", "second"
one, two = first.Fraction(1, 3), second.Fraction(1, 3)

# Nobody else has the first one.
del sys.modules["queue"]
import queue as other_queue

first_sched = sched
del sys.modules["sched"]
import sched as second_sched

del sys.modules["heapq"], sys.modules["sched"]
import heapq as other_heapq
import sched as third_sched

# While its accelerator was blocked: what others find is made of C code.
pure = "_pydatetime" if sys.version_info >= (3, 12) else "datetime"
import datetime

in_c, datetime_in_c = sys.modules["_datetime"], datetime
for name in {pure, "datetime"}:
    sys.modules.pop(name, None)
sys.modules["_datetime"] = None
import datetime

datetime_in_python = datetime
sys.modules["_datetime"] = in_c
days = datetime_in_c.date(2020, 1, 2), datetime_in_python.date(2020, 1, 2)

# Others have only what its C code has made.
c_bisect, first_bisect = sys.modules["_bisect"], sys.modules["bisect"]
sys.modules["_bisect"] = None
del sys.modules["bisect"]
import bisect

sys.modules["_bisect"] = c_bisect

# Nobody had imported it before.
sys.modules["_json"] = None
import json.encoder

del sys.modules["_json"]

# Past the import system.
first_textwrap, spec = textwrap, importlib.util.find_spec("textwrap")
other_textwrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(other_textwrap)
sys.modules["textwrap"] = other_textwrap
other_textwrap.MARK = "other"
wrappers = first_textwrap.TextWrapper(), other_textwrap.TextWrapper()

# In place.
first_event = colorsys.rgb_to_hsv
importlib.reload(colorsys)
reloaded = colorsys.rgb_to_hsv


class Own(second.Fraction):
    pass


three = Own(1, 4)


def check_fractions():
    assert first is not second and sys.modules["fractions"] is second
    assert type(one) is first.Fraction and type(two) is second.Fraction
    assert averages.Fraction is first.Fraction and first.Fraction is not second.Fraction
    assert type(averages.mean([one, one])) is first.Fraction
    assert (first.MARK, second.MARK) == ("first", "second")
    assert type(one).__add__.__globals__ is vars(first)
    assert type(two).__add__.__globals__ is vars(second)
    assert type(three).__base__ is second.Fraction and three + two == second.Fraction(7, 12)
    assert numbers_registered and isinstance(1, second.numbers.Integral)


def check_queues():
    assert queue is not other_queue and sys.modules["queue"] is other_queue
    assert type(queue.LifoQueue()) is not other_queue.LifoQueue
    assert len({id(one) for one in (first_sched, second_sched, third_sched)}) == 3
    assert first_sched.heapq is second_sched.heapq is not other_heapq
    assert third_sched.heapq is other_heapq is sys.modules["heapq"]
    assert sys.modules["sched"] is third_sched


def check_datetime():
    assert sys.modules["datetime"] is datetime_in_python is not datetime_in_c
    assert type(days[0]) is datetime_in_c.date and type(days[1]) is datetime_in_python.date
    assert not hasattr(days[0], "_year") and days[1]._year == 2020
    assert str(days[0]) == str(days[1].replace(day=2))


def check_bisect():
    assert sys.modules["bisect"] is bisect is not first_bisect
    assert bisect.insort.__code__ and type(first_bisect.insort) is type(len)
    assert bisect.bisect([1, 2], 1) == first_bisect.bisect([1, 2], 1)


def check_others():
    assert json.encoder.c_make_encoder is None and json.dumps([1]) == "[1]"
    assert sys.modules["json"] is json and sys.modules["json.encoder"] is json.encoder
    assert "_json" not in sys.modules
    assert sys.modules["textwrap"] is other_textwrap is not first_textwrap
    assert [type(wrapper).__module__ for wrapper in wrappers] == ["textwrap"] * 2
    assert type(wrappers[0]) is first_textwrap.TextWrapper
    assert type(wrappers[1]) is other_textwrap.TextWrapper
    assert other_textwrap.MARK == "other" and not hasattr(first_textwrap, "MARK")
    assert reloaded is colorsys.rgb_to_hsv is not first_event


def check():
    check_fractions()
    check_queues()
    check_datetime()
    check_bisect()
    check_others()
