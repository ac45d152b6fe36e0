# Objects of the standard library with state that shows late, or nowhere.
# Each builder makes objects and returns what to do with them: those that went through the save
# must do what new ones do.
import sys
import _frozen_importlib
import argparse
import collections
import contextvars
import concurrent.futures
import csv
import datetime as dt
import decimal
import io
import json
import linecache
import multiprocessing
import os
import pathlib
import queue
import random
import re
import tempfile
import threading


def match_finditer_empty():
    ms = list(re.finditer("a*|b", "baab"))

    def behave():
        return [(m.span(), m.pos, m.endpos, m.lastindex, m.group()) for m in ms]
    return behave


# Where the import has None, a resume finds no object of the script's.
def object_in_a_module_that_is_not_followed():
    line = queue.Queue()
    line.put(5)
    multiprocessing.process._parent_process, before = line, multiprocessing.process._parent_process

    def behave():
        multiprocessing.process._parent_process = before
        return type(line).__name__, line.qsize()
    return behave


def match_mutated():
    b = bytearray(b"hello world")
    m = re.search(b"w(o)", b)
    b[6:8] = b"XX"

    def behave():
        return (m.group(), m.span(), m.lastindex, m.pos)
    return behave


def match_named():
    m = re.compile("(?P<a>x)?(?P<b>y)").search("zzxy", 1, 4)

    def behave():
        return (m.lastgroup, m.lastindex, m.groupdict(), m.pos, m.endpos, m.expand("\\2"))
    return behave


def mv_released():
    m = memoryview(bytearray(b"abc"))
    m.release()

    def behave():
        try:
            m[0]
        except ValueError as e:
            return str(e)
    return behave


def mv_cast_slice():
    b = bytearray(range(32))
    m = memoryview(b).cast("i")[2:5]
    k = memoryview(b).cast("h", [4, 4])
    ro = memoryview(bytes(b))[3:9]

    def behave():
        b[8] = 255
        return (m.tolist(), m.format, k.tolist(), ro.readonly, bytes(ro))
    return behave


def mv_strided():
    b = bytearray(range(32))
    m = memoryview(b)[::2]

    def behave():
        b[2] = 77
        return m.tolist()
    return behave


def csv_dialect_reg():
    csv.register_dialect("mine", delimiter="|", quoting=csv.QUOTE_ALL)
    csv.field_size_limit(77)

    def behave():
        o = io.StringIO()
        csv.writer(o, "mine").writerow([1, 2])
        return (o.getvalue(), csv.field_size_limit(), csv.list_dialects())
    return behave


def csv_reader_mid():
    f = io.StringIO('a,"b\nc"\nd,e\nf,g\n')
    r = csv.reader(f)
    next(r)

    def behave():
        return (r.line_num, list(r), r.line_num)
    return behave


def decimal_default():
    decimal.DefaultContext.prec = 9
    decimal.DefaultContext.traps[decimal.Subnormal] = True
    c = decimal.Context(prec=5, rounding=decimal.ROUND_UP, Emin=-50, Emax=50, capitals=0, clamp=1,
        flags=[decimal.Inexact], traps=[decimal.Overflow])

    def behave():
        return (decimal.Context().prec, decimal.Context().traps[decimal.Subnormal], c)
    return behave


def import_lock():
    lock = _frozen_importlib._ModuleLock("imported")
    lock.acquire()

    def behave():
        lock.release()
        return lock.owner
    return behave


def source_lines():
    linecache.cache["<made>"] = 5, None, ["made\n"], "<made>"
    linecache.lazycache("lazy.py", {"__name__": "json", "__loader__": json.__loader__})
    return lambda: (linecache.getline("<made>", 1), linecache.cache["lazy.py"][0]()[:9])


def decimal_manager_class():
    manager = type(decimal.localcontext())  # no module names it
    leave = manager.__exit__
    return lambda: (manager is type(decimal.localcontext()), leave is manager.__exit__)


def decimal_cur():
    x = decimal.getcontext()
    x.prec = 11
    x.rounding = decimal.ROUND_DOWN
    decimal.Decimal(1) / 3
    x.traps[decimal.FloatOperation] = True

    def behave():
        return (decimal.getcontext() is x, x, decimal.Decimal(1) / 7)
    return behave


def decimal_in_context():
    outside = decimal.getcontext()
    decimal.setcontext(decimal.Context(prec=9))
    ctx = contextvars.copy_context()
    decimal.setcontext(outside)

    def behave():
        return ctx.run(lambda: decimal.getcontext().prec)
    return behave


def bytesio_closed():
    with io.BytesIO() as b:
        b.write(b"x")
    with io.StringIO() as s:
        s.write("x")

    def behave():
        try:
            b.read()
        except ValueError as e:
            return (str(e), s.closed)
    return behave


def stringio_accum():
    a = io.StringIO()
    a.write("ab")
    a.write("cd")
    a.seek(1)

    def behave():
        a.write("X")
        return (a.getvalue(), a.tell())
    return behave


def bytesio():
    a = io.BytesIO(b"abcdef")
    a.seek(3)
    a.x = 1
    r = io.BufferedReader(io.BytesIO(b"0123456789" * 3000))
    r.read(5)
    t = io.TextIOWrapper(io.BytesIO("é\r\nz\r\nw".encode()))
    t.readline()
    w = io.BufferedWriter(io.BytesIO())
    w.write(b"pending")
    rw = io.BufferedRandom(io.BytesIO(b"abcdefgh"))
    rw.read(2)
    rw.write(b"X")

    class BS(io.BytesIO):

        def __init__(self):
            super().__init__(b"sub")
            self.k = 2
    s = BS()
    s.read(1)

    def behave():
        w.write(b"!")
        w.flush()
        return (a.read(), a.x, r.read(3), r.tell(), t.read(), w.raw.getvalue(), rw.read(2), rw.tell(),
            s.read(), s.k, type(s).__name__, t.newlines)
    return behave


def dt_fold():
    class MyDT(dt.datetime):
        pass

    class MyT(dt.time):
        pass
    a = dt.datetime(2020, 10, 25, 2, 30, fold=1)
    b = MyDT(2020, 10, 25, 2, 30, fold=1)
    t = dt.time(1, 2, fold=1)
    u = MyT(1, 2, fold=1)
    b2 = MyDT(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=3), "q"))

    class TZ(dt.tzinfo):

        def __init__(s, n):
            s.n = n

        def utcoffset(s, d):
            return dt.timedelta(hours=s.n)

        def dst(s, d):
            return None

        def tzname(s, d):
            return "T"
    z = dt.datetime(2020, 1, 1, tzinfo=TZ(3))
    z2 = MyDT(2020, 1, 1, tzinfo=z.tzinfo)

    class TD(dt.timedelta):
        pass
    td = TD(3, 4, 5)

    def behave():
        return (a.fold, b.fold, t.fold, u.fold, b, b2, type(b2.tzinfo).__name__, z.utcoffset(),
            z2.tzinfo is z.tzinfo, td, type(td).__name__)
    return behave


def supp():
    parser = argparse.ArgumentParser()
    parser.add_subparsers()
    found = [argparse.SUPPRESS]

    def behave():
        return (found[0] is argparse.SUPPRESS, parser.parse_args([]))
    return behave


def queues2():
    q = queue.LifoQueue(5)
    q.put(1)
    q.put(2)
    p = queue.PriorityQueue()
    p.put((2, 1))
    p.put((1, 2))
    d = collections.deque([1, 2, 3], maxlen=3)
    d.rotate(1)

    def behave():
        return (q.get(), q.unfinished_tasks, p.get(), d, d.maxlen, q.maxsize)
    return behave


def random_sub():
    class R(random.Random):

        def __init__(self, s):
            super().__init__(s)
            self.n = 0

        def random(self):
            self.n += 1
            return super().random()
    r = R(3)
    r.gauss(0, 1)

    def behave():
        return (r.gauss(0, 1), r.random(), r.n, r.randint(0, 99), r.getstate()[0])
    return behave


def thread_numbers():
    threads = [threading.Thread(target=print) for _ in range(3)]

    def behave():
        # Numbers grow from one thread to the next, across a save too.
        made = threading.Thread().name
        return int(made.split("-")[1]) > max(int(t.name.split("-")[1].split()[0]) for t in threads)
    return behave


def walking():
    folder = tempfile.mkdtemp(prefix="chkpt_heap_")
    for name in ("a", "b", "a/c"):
        os.mkdir(os.path.join(folder, name))
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    entries[0].stat()
    walk = os.walk(folder)
    next(walk)
    found = pathlib.Path(folder).rglob("*")
    next(found)
    files = os.scandir(folder)
    files.close()

    def behave():
        places = [place[len(folder):] for place, _, _ in walk]
        first = (entries[0].is_dir(), entries[0].stat().st_nlink, entries[1].name, entries[1].is_file())
        return sorted(places), len(list(found)), list(files), first
    return behave


def locks_of_multiprocessing():
    lock, rlock, semaphore = multiprocessing.Lock(), multiprocessing.RLock(), multiprocessing.Semaphore(5)
    free, bounded = multiprocessing.RLock(), multiprocessing.BoundedSemaphore(3)
    lock.acquire()
    rlock.acquire(), rlock.acquire()
    semaphore.acquire(), semaphore.acquire(), semaphore.release()
    bounded.acquire()

    def behave():
        seen = [lock.acquire(False), rlock._semlock._count(), rlock._semlock._is_mine(),
                semaphore.get_value(), bounded.get_value(), repr(free)]
        lock.release(), rlock.release(), rlock.release(), bounded.release()
        for release in (rlock.release, bounded.release):
            try:
                release()
            except (AssertionError, ValueError) as error:
                seen.append(str(error))
        return seen, lock.acquire(False)
    return behave


def finished_pool():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        future = pool.submit(pow, 2, 3)
    waiting = queue.SimpleQueue()
    waiting.put(waiting)
    waiting.put(2)

    def behave():
        first = waiting.get() is waiting
        return future.result(), first, waiting.get(), waiting.empty(), pool._shutdown
    return behave


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from held import Held  # noqa: E402

check = Held(globals()).check
