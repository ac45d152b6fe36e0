# SPDX-License-Identifier: BSD-3-Clause
# What a run tells classes of libraries to be: names, modules, texts, bases.
import fractions
import inspect
import logging
import queue
import random
import string
import subprocess
import textwrap
import typing


class Mixin:
    def more(self):
        return 42


class Failure(subprocess.SubprocessError):
    def more(self):
        return 43


# Followed modules.
string.Template.__name__ += "Renamed"
string.Template.__qualname__ += "Elsewhere"
string.Formatter.__module__ = "nowhere"
string.Formatter.__doc__ = "told anew"
textwrap.TextWrapper.__module__ = __name__
fractions.Fraction.__module__ = "json"
queue.LifoQueue.__bases__ = (Mixin, queue.Queue)
queue.PriorityQueue.__bases__ = (queue.LifoQueue,)
last = queue.LifoQueue()
template, wrapper, third = string.Template("a$b"), textwrap.TextWrapper(), fractions.Fraction(1, 3)

# Modules that are not: only definitions of these are looked at.
subprocess.CompletedProcess.__name__ = "Done"
subprocess.CompletedProcess.__doc__ = "what is over"
subprocess.CalledProcessError.__bases__ = (Failure,)
subprocess.Popen.__module__ = __name__
inspect.ClassFoundException.__qualname__ = "Found"
inspect.BlockFinder.__module__ = "nowhere"
done, failed = subprocess.CompletedProcess(["a"], 0), subprocess.CalledProcessError(1, "a")

# Under other names than their own.
aliases = [logging.currentframe, typing._NamedTuple, random.random, random.randint]


def check_followed():
    assert string.Template.__name__ == "TemplateRenamed"
    assert string.Template.__qualname__ == "TemplateElsewhere"
    assert type(template) is string.Template and template.substitute(b=1) == "a1"
    assert string.Formatter.__module__ == "nowhere" and string.Formatter.__doc__ == "told anew"
    assert textwrap.TextWrapper.__module__ == "__main__"
    assert type(wrapper) is textwrap.TextWrapper and type(third) is fractions.Fraction
    assert fractions.Fraction.__module__ == "json" and third + third == fractions.Fraction(2, 3)
    assert queue.LifoQueue.__bases__ == (Mixin, queue.Queue) and last.more() == 42
    assert queue.PriorityQueue.__mro__[1:4] == (queue.LifoQueue, Mixin, queue.Queue)
    assert queue.LifoQueue in Mixin.__subclasses__()
    assert queue.PriorityQueue not in queue.Queue.__subclasses__()


def check_others():
    assert subprocess.CompletedProcess.__name__ == "Done"
    assert subprocess.CompletedProcess.__qualname__ == "CompletedProcess"
    assert subprocess.CompletedProcess.__doc__ == "what is over"
    assert subprocess.CalledProcessError.__bases__ == (Failure,) and failed.more() == 43
    assert type(done) is subprocess.CompletedProcess and done.returncode == 0
    assert subprocess.Popen.__module__ == "__main__"
    assert inspect.ClassFoundException.__qualname__ == "Found"
    assert inspect.BlockFinder.__module__ == "nowhere"


def check():
    check_followed()
    check_others()
    now = [logging.currentframe, typing._NamedTuple, random.random, random.randint]
    assert all(one is other for one, other in zip(aliases, now))
