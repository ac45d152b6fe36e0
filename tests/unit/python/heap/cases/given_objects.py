# What a library has taken, when it was imported, of what the script had put into other modules
# before: a new import finds the originals there. And handlers of libraries that the script has set.
import io
import logging
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import givable  # noqa: E402


def fixed_time():
    return 42.5


original, original_time = sys.stdout, time.time
sys.stdout = log = io.StringIO()
time.time = fixed_time
givable.SCALE = scale = float("2.5")
givable.hook = hook = lambda: "the script's"
givable.registry["first"] = first = lambda: "in a dict"
givable.listeners.append(last := lambda: "in a list")


class Level:
    pass


givable.options.level = level = Level()
givable.Options.level = class_level = Level
import taker  # noqa: E402
sys.stdout, time.time = original, original_time
taker.handler.setLevel(33)
taker.handler.setFormatter(logging.Formatter("%(message)s!"))
logging.getLogger("of the script").addHandler(taker.handler)


def check():
    assert all(stream is log for stream in taker.streams()) and taker.pair[1] == 1
    assert sys.stdout is not log and time.time is not fixed_time
    assert taker.clock is fixed_time and taker.SCALE == givable.SCALE == scale
    assert taker.hook is hook is givable.hook and taker.hook() == "the script's"
    assert taker.first is first is givable.registry["first"] and first() == "in a dict"
    assert taker.last is last is givable.listeners[1] and last() == "in a list"
    assert taker.level is level and taker.class_level is class_level
    before = log.tell()
    taker.say("one ")
    taker.put("two ")
    logging.getLogger("of the script").error("three")
    assert log.getvalue()[before:] == "one two three!\n"
    assert taker.handler.level == 33 and logging.getLogger("of the script").handlers == [taker.handler]
