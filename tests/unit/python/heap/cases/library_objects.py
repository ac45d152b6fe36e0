# Objects of C types and classes of the standard library.
import argparse
import array
import collections
import contextvars
import csv
import datetime
import decimal
import fractions
import http
import io
import ipaddress
import itertools
import json
import operator
import os
import pathlib
import platform
import queue
import random
import re
import string
import struct
import threading
import time
import types
import uuid
import weakref
import zoneinfo

values = {
    "date": datetime.date(2020, 1, 2), "datetime": datetime.datetime(2020, 1, 2, 3, 4, 5, 6, datetime.timezone.utc),
    "time": datetime.time(1, 2), "delta": datetime.timedelta(1, 2, 3), "tz": datetime.timezone(datetime.timedelta(hours=1), "X"),
    "decimal": decimal.Decimal("1.10"), "fraction": fractions.Fraction(2, 3), "uuid": uuid.UUID(int=5),
    "path": pathlib.Path("/tmp/x"), "pure": pathlib.PureWindowsPath("c:\\x"), "array": array.array("d", [1.5, 2.5]),
    "deque": collections.deque([1, 2], 3), "pattern": re.compile(r"(a)(?P<n>b)?", re.I), "struct": struct.Struct("<id"),
    "bytesio": io.BytesIO(b"abc"), "stringio": io.StringIO("line1\nline2"), "simple": types.SimpleNamespace(a=1),
    "proxy": types.MappingProxyType({"a": 1}), "http": http.HTTPStatus.OK, "ip": ipaddress.ip_address("10.0.0.1"),
    "itemgetter": operator.itemgetter(1, 2), "encoder": json.JSONEncoder(indent=2), "template": string.Template("$x"),
    "namespace": argparse.Namespace(q=1), "flag": re.I | re.M, "struct_time": time.gmtime(0), "stat": os.stat("/"),
    "zone": zoneinfo.ZoneInfo("UTC") if zoneinfo.available_timezones() else None,
}
values["bytesio"].read(1)
values["stringio"].readline()
match = re.search(r"(b)(c)?", "abcabc")
found = list(re.finditer("a", "banana"))[1]
view = memoryview(bytearray(b"hello world"))
backing = view.obj
part = view[2:7]
readonly = view.toreadonly()
cast = memoryview(bytearray(16)).cast("i")
generator = random.Random(3)
generator.random()
expected_random = random.Random(3)
expected_random.random()
expected_random = expected_random.random()


class Reads:
    def __init__(self):
        self.decoder = json.JSONDecoder(object_hook=self.hook, parse_float=decimal.Decimal)

    def hook(self, found):
        return self, found


reads = Reads()
precise = decimal.localcontext(decimal.Context(prec=7))
precise_inside = precise.__enter__()
precise.__exit__(None, None, None)
row_writer = csv.writer(io.StringIO()).writerow
write_rows = type(csv.writer(io.StringIO())).writerow


class Target:
    pass


target = Target()
called = []
ref = weakref.ref(target, lambda r: called.append("dead"))
proxy = weakref.proxy(target)
target.v = 5
dead = weakref.ref(Target())
weak_values, weak_keys, weak_set = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()
weak_values["t"] = target
weak_keys[target] = "value"
weak_set.add(target)
method_ref = weakref.WeakMethod(Target.__init__) if False else None
lock, rlock, held = threading.Lock(), threading.RLock(), threading.Lock()
held.acquire()
rlock.acquire()
rlock.acquire()
event, condition, semaphore, barrier = threading.Event(), threading.Condition(), threading.Semaphore(2), threading.Barrier(1)
event.set()
semaphore.acquire()
local = threading.local()
local.x = [1]
q, pq, sq = queue.Queue(), queue.PriorityQueue(), None
q.put(1)
q.put([2])
pq.put((2, "b"))
pq.put((1, "a"))
var = contextvars.ContextVar("var", default=7)
no_default = contextvars.ContextVar("no_default")
no_default.set("set")
context = contextvars.copy_context()
context.run(var.set, 9)
rows = io.StringIO("a;b\nc;d\ne;f\n")
reader = csv.reader(rows, delimiter=";")
next(reader)
out = io.StringIO()
writer = csv.writer(out, quoting=csv.QUOTE_ALL)
writer.writerow([1, 2])
dict_reader = csv.DictReader(io.StringIO("x,y\n1,2\n3,4\n"))
next(dict_reader)
parser = argparse.ArgumentParser(prog="p")
parser.add_argument("--n", type=int, default=3)
main_thread = threading.main_thread()
environ, stdout = os.environ, __import__("sys").stdout
sentinels = [__import__("dataclasses").MISSING, __import__("inspect").Parameter.empty, queue.Empty]
counter = itertools.count()
module = types.ModuleType("made_by_hand")
module.value = module
ran = []


def check_renamed():
    reader, found = reads.decoder.decode('{"a": 1.5}')
    assert reader is reads and found["a"] == decimal.Decimal("1.5")
    outside = decimal.getcontext()
    with precise as inside:
        assert inside is precise_inside is decimal.getcontext() and inside.prec == 7
    assert decimal.getcontext() is not inside and decimal.getcontext().prec == outside.prec
    assert row_writer([1, 2]) == 5 and write_rows is type(row_writer.__self__).writerow


system = platform.uname()  # a tuple that starts a program when it is asked for all its items


def check():
    assert system is platform.uname() and system.system and "processor" not in vars(system)
    check_renamed()
    global target
    assert values["datetime"].tzinfo is datetime.timezone.utc and values["datetime"].microsecond == 6
    assert values["decimal"] == decimal.Decimal("1.1") and str(values["decimal"]) == "1.10"
    assert values["fraction"] == fractions.Fraction(2, 3) and values["uuid"].int == 5
    assert values["path"] == pathlib.Path("/tmp/x") and values["array"].tolist() == [1.5, 2.5]
    assert values["deque"].maxlen == 3 and values["pattern"].match("AB").group("n") == "B"
    assert values["struct"].size == 12 and values["bytesio"].tell() == 1 and values["bytesio"].getvalue() == b"abc"
    assert values["stringio"].tell() == 6 and values["simple"].a == 1 and values["proxy"]["a"] == 1
    assert values["http"] is http.HTTPStatus.OK and values["ip"] == ipaddress.ip_address("10.0.0.1")
    assert values["itemgetter"]("abc") == ("b", "c") and values["encoder"].indent == 2
    assert values["template"].substitute(x=1) == "1" and values["namespace"].q == 1 and values["flag"] == re.I | re.M
    assert values["struct_time"].tm_year == 1970 and values["stat"].st_mode and values["tz"].tzname(None) == "X"
    assert match.group(1) == "b" and match.span() == (1, 3) and match.re.pattern == "(b)(c)?" and found.span() == (3, 4)
    assert view.obj is backing and part.obj is backing and bytes(part) == b"llo w" and readonly.readonly
    backing[2:3] = b"L"
    assert bytes(part) == b"Llo w" and bytes(readonly[2:3]) == b"L"
    backing[2:3] = b"l"
    assert cast.format == "i" and len(cast) == 4
    state = generator.getstate()
    assert generator.random() == expected_random
    generator.setstate(state)
    assert ref() is target and proxy.v == 5 and dead() is None and not called
    assert weak_values["t"] is target and weak_keys[target] == "value" and target in weak_set
    assert not lock.locked() and held.locked() and event.is_set() and rlock._is_owned()
    assert not semaphore._value - 1 and local.x == [1]
    assert list(q.queue) == [1, [2]] and pq.queue[0] == (1, "a")
    assert var.get() == 7 and no_default.get() == "set" and context[var] == 9 and context[no_default] == "set"
    assert writer.dialect.quoting == csv.QUOTE_ALL and parser.parse_args([]).n == 3
    assert main_thread is threading.main_thread() and main_thread.ident == threading.get_ident()
    assert environ is os.environ and stdout is __import__("sys").__stdout__
    assert sentinels[0] is __import__("dataclasses").MISSING and sentinels[1] is __import__("inspect").Parameter.empty
    assert module.value is module and type(module) is types.ModuleType
    with condition:
        pass
    ran.append(1)
    if len(ran) < 2:  # what can be asked once only: after saving, and after loading
        return
    assert reader.line_num == 1 and list(reader) == [["c", "d"], ["e", "f"]]
    writer.writerow([3])
    assert out.getvalue() == '"1","2"\r\n"3"\r\n'
    assert list(dict_reader) == [{"x": "3", "y": "4"}] and dict_reader.fieldnames == ["x", "y"]
    rlock.release()
    rlock.release()
    assert q.get() == 1 and pq.get() == (1, "a")
    del target
    assert called == ["dead"] and ref() is None and len(weak_values) == 0
