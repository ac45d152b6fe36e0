# SPDX-License-Identifier: BSD-3-Clause
"""Library objects"""
import _random
import abc
import argparse
import calendar
import cmd
import concurrent.futures
import configparser
import dataclasses
import datetime
import decimal
import email.parser
import faulthandler
import fractions
import getopt
import graphlib
import hashlib
import hmac
import html.parser
import http.cookies
import io
import ipaddress
import json
import locale
import logging
import logging.handlers
import multiprocessing.pool
import multiprocessing.sharedctypes
import multiprocessing.util
import os
import pathlib
import pprint
import queue
import random
import resource
import sched
import secrets
import shlex
import signal
import statistics
import string
import subprocess
import sys
import textwrap
import threading
import time
import timeit
import tokenize
import tracemalloc
import types
import urllib.parse
import uuid
import warnings
import zoneinfo


def numbers():
    """int, float, complex, fractions, decimal with contexts | exact"""
    context = decimal.Context(prec=7, rounding=decimal.ROUND_UP)
    with decimal.localcontext(context) as inside:
        inside.prec += 1
        values = 10**50, float("inf"), -0.0, 3 + 4j, fractions.Fraction(2, 6), decimal.Decimal("1.10")
        yield
        result = decimal.Decimal(1) / 3, inside.flags[decimal.Inexact]
    return values, result, decimal.getcontext().prec, context.prec


def times():
    """datetime with timezones, zoneinfo, timedelta, time.struct_time, calendar | exact"""
    zone = zoneinfo.ZoneInfo("Europe/Berlin") if zoneinfo.available_timezones() else datetime.timezone.utc
    moment = datetime.datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=1)
    odd = datetime.timezone(datetime.timedelta(minutes=7), "odd")
    fields = time.strptime("2024-01-02", "%Y-%m-%d")
    days = calendar.Calendar().itermonthdates(2024, 2)
    first, week = next(days), moment.isocalendar()
    yield
    return week, week.year, type(week).__name__, moment.utcoffset(), moment.tzinfo is zone, odd, fields, first, len(list(days)), zone is type(
        zone)(zone.key) if hasattr(zone, "key") else True


def paths():
    """pathlib, uuid, ipaddress, urllib.parse results | exact"""
    path, number = pathlib.Path("a/../b.txt"), uuid.UUID(int=5)
    hosts = ipaddress.ip_network("10.0.0.0/29").hosts()
    next(hosts)
    url = urllib.parse.urlsplit("http://a/b?c#d")
    yield
    return path.suffix, number, [str(h) for h in hosts], url.netloc, path.parent.parts


def randoms():
    """random.Random, its base class in C, SystemRandom, secrets | exact"""
    one, base, system = random.Random(5), _random.Random(7), random.SystemRandom()
    one.gauss(0, 1), base.random()
    yield
    return one.random(), one.gauss(0, 1), one.sample(range(99), 5), base.random(), 0 <= system.random() < 1


def logging_kinds():
    """logging: loggers, handlers (file, rotating, memory, queue), filters, levels, adapters | exact"""
    log = logging.getLogger("kinds.log")
    log.propagate = False
    log.setLevel(logging.INFO)
    lines = queue.Queue()
    plain = logging.FileHandler("plain.log")
    rotating = logging.handlers.RotatingFileHandler("rotating.log", maxBytes=60, backupCount=2)
    timed = logging.handlers.TimedRotatingFileHandler("timed.log", "D")
    memory = logging.handlers.MemoryHandler(10, target=plain)
    queued = logging.handlers.QueueHandler(lines)
    stream = logging.StreamHandler(io.StringIO())
    for handler in (plain, rotating, timed, memory, queued, stream):
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        log.addHandler(handler)
    log.addFilter(lambda record: "hidden" not in record.getMessage())
    adapter = logging.LoggerAdapter(log, {"a": 1})
    for n in range(5):
        log.info("message number %d", n)
    yield
    log.info("hidden"), log.debug("low"), adapter.warning("after")
    memory.flush()
    logging.getLogger("kinds.log").error("last")
    for handler in list(log.handlers):
        handler.close()
        log.removeHandler(handler)
    return [pathlib.Path(name).read_text() for name in ("plain.log", "rotating.log", "rotating.log.1", "timed.log")], (
        lines.qsize(), stream.stream.getvalue())


def loggers_apart():
    """logging: loggers that getLogger() does not give | exact"""
    alone, root = logging.Logger("alone", 7), logging.RootLogger(3)
    alone.parent = root
    yield
    return alone.level, alone.parent is root, root.level, root is logging.root, logging.getLogger("alone") is alone


def warning_filters():
    """warnings.catch_warnings half-way | exact"""
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("one")
        yield
        warnings.warn("two")
    return [str(w.message) for w in caught], warnings.filters == before


def parsers():
    """argparse, configparser, shlex, json, getopt | exact"""
    parser = argparse.ArgumentParser(prog="p")
    sub = parser.add_subparsers(dest="what")
    sub.add_parser("go").add_argument("--fast", action="store_true")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-a", type=int, choices=[1, 2]), group.add_argument("-b")
    found = parser.parse_args(["-a", "1"])
    config = configparser.ConfigParser()
    config.read_string("[one]\na = 1\nb = %(a)s2\n")
    words = shlex.shlex("a 'b c' d", posix=True)
    words.get_token()
    yield
    return parser.parse_args(["go", "--fast"]), found, config["one"]["b"], list(words), parser.format_usage()


def text_parsers():
    """html.parser, email.parser, tokenize half-way | exact"""
    class Tags(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attrs):
            self.found.append((tag, attrs))
    tags, mail = Tags(), email.parser.FeedParser()
    tags.feed("<a href='x'><b")
    mail.feed("Subject: x\n\nbo")
    tokens = tokenize.generate_tokens(io.StringIO("a = 1\nb = 2\n").readline)
    next(tokens), next(tokens)
    yield
    tags.feed(" c>"), mail.feed("dy")
    return tags.found, mail.close().get_payload(), [t.string for t in tokens]


def schedulers():
    """sched.scheduler, graphlib.TopologicalSorter | exact"""
    log = []
    plan = sched.scheduler(lambda: 0, lambda s: None)
    plan.enter(2, 1, log.append, ("b",)), plan.enter(1, 1, log.append, ("a",))
    order = graphlib.TopologicalSorter({"d": {"b", "c"}, "b": {"a"}, "c": {"a"}})
    order.prepare()
    order.done(*order.get_ready())
    yield
    plan.enter(3, 1, log.append, ("c",))
    plan.queue and log.append(len(plan.queue))
    return log, sorted(order.get_ready()), order.is_active()


def statistics_kinds():
    """statistics.NormalDist, dataclasses, abstract classes, property, descriptors | exact"""
    @dataclasses.dataclass(order=True, frozen=True)
    class Point:
        x: int
        y: list = dataclasses.field(default_factory=list, compare=False)

    class Base(abc.ABC):
        @abc.abstractmethod
        def go(self): ...

    Base.register(Point)
    normal, point = statistics.NormalDist(1, 2), Point(1)
    yield
    return normal.cdf(2), point, isinstance(point, Base), Point(0) < point, dataclasses.asdict(point), normal + 3


def queues():
    """queue.Queue, LifoQueue, PriorityQueue, SimpleQueue | exact"""
    made = [queue.Queue(3), queue.LifoQueue(), queue.PriorityQueue(), queue.SimpleQueue()]
    for one in made:
        one.put(2), one.put(1)
    made[0].get()
    yield
    made[0].put(5)
    return [[one.get() for _ in range(one.qsize())] for one in made], made[0].unfinished_tasks


def locks():
    """threading: Lock, RLock, Condition, Semaphore, Event, Barrier, local, Thread (not started, ended) | exact"""
    lock, again, event = threading.Lock(), threading.RLock(), threading.Event()
    condition, semaphore, barrier = threading.Condition(), threading.BoundedSemaphore(2), threading.Barrier(1)
    own = threading.local()
    own.x = [1]
    done, ready = threading.Thread(target=event.set), threading.Thread(target=lock.release)
    lock.acquire(), again.acquire(), again.acquire(), semaphore.acquire(), barrier.wait()
    done.start()
    done.join()
    with condition:
        yield
        condition.notify_all()
    held = lock.locked(), done.is_alive(), ready.ident, event.is_set(), own.x, semaphore.acquire(False), semaphore.acquire(
        False)
    ready.start()
    ready.join()
    again.release(), again.release()
    return held, lock.locked(), barrier.n_waiting


def timers():
    """threading.Timer that waits for its time | exact"""
    called = []
    timer, cancelled = threading.Timer(1, called.append, ["called"]), threading.Timer(3600, called.append, ["never"])
    timer.start(), cancelled.start()
    time.sleep(0.1)  # until they wait
    yield
    cancelled.cancel()
    timer.join(), cancelled.join()
    return called, timer.interval, timer.is_alive()


def idle_pools():
    """concurrent.futures: a ThreadPoolExecutor whose workers wait for work | exact"""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    first = pool.submit(abs, -3).result()
    time.sleep(0.1)  # until the worker waits
    yield
    with pool:
        return first, pool.submit(abs, -4).result()


def pools():
    """concurrent.futures: Future, a ThreadPoolExecutor that has ended | exact"""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        result = pool.submit(pow, 2, 5)
    future = concurrent.futures.Future()
    yield
    future.set_result(3)
    return result.result(), future.result()


def processes():
    """subprocess that has ended | exact"""
    done = subprocess.run(["echo", "x"], capture_output=True)
    process = subprocess.Popen(["sh", "-c", "exit 3"])
    process.wait()
    yield
    return done.stdout, process.poll(), process.returncode


def process_running():
    """subprocess that runs | refused | a subprocess that is still running"""
    process = subprocess.Popen(["sleep", "5"])
    yield
    process.kill()
    return process.wait()


def hashes():
    """hashlib objects (md5, sha1, sha2, sha3, blake2, shake), hmac | exact"""
    names = "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s", "shake_128"
    made = {name: hashlib.new(name) for name in names}
    keyed, key = hmac.new(b"key", b"begin", "sha256"), hashlib.blake2b(key=b"k", digest_size=20, salt=b"s")
    for one in made.values():
        one.update(b"some text" * 999)
    key.update(b"some")
    yield
    for one in made.values():
        one.update(b"more")
    keyed.update(b"more"), key.update(b"more")
    return [one.hexdigest(9) if "shake" in one.name else one.hexdigest() for one in made.values()], keyed.hexdigest(
        ), key.hexdigest(), made["md5"].copy().digest()


def hashes_without_openssl():
    """hashlib objects of Python's own modules (_md5, _sha1, _sha2, _sha3, _blake2) | exact"""
    names = "md5", "sha1", "sha224", "sha384", "sha512", "sha256", "sha3_224", "sha3_512", "blake2b", "shake_256"
    made = [hashlib.__get_builtin_constructor(name)() for name in names]
    for i, one in enumerate(made):
        one.update(b"some text" * (i * i * 3))
    yield
    for one in made:
        one.update(b"more")
    return [one.hexdigest(9) if "shake" in one.name else one.hexdigest() for one in made], [
        type(one).__name__ for one in made]


def small_ones():
    """http.cookies, textwrap, pprint, timeit, cmd, types | exact"""
    cookie = http.cookies.SimpleCookie("a=1; b=2")
    wrap, printer = textwrap.TextWrapper(width=9), pprint.PrettyPrinter(width=20)
    shell = cmd.Cmd()
    yield
    return cookie["a"].value, wrap.wrap("some long text"), printer.pformat(list(range(9))), shell.prompt


def alarms():
    """signal: handlers, setitimer() | exact"""
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 500, 2)
    yield
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, before)
    return 0 < left <= 500, interval, handler.__name__


def main_names():
    """threading and multiprocessing: name and attributes of the main thread and the main process | exact"""
    thread, process = threading.current_thread(), multiprocessing.process.current_process()
    thread.name, thread.told, process.name = "worker-7", [1], "solver"
    yield
    names = threading.main_thread().name, thread.told, multiprocessing.process.current_process().name
    thread.name, process.name = "MainThread", "MainProcess"
    del thread.told
    return names


def thread_settings():
    """threading: excepthook, settrace(), stack_size() for threads to come | exact"""
    said, hook = [], threading.excepthook
    threading.excepthook = lambda args: said.append(repr(args.exc_value))
    threading.settrace(lambda *event: said.append("traced"))
    threading.stack_size(1 << 20)
    yield
    thread = threading.Thread(target=[].pop)
    thread.start()
    thread.join()
    threading.excepthook = hook
    threading.settrace(None)
    return "traced" in said, said[-1], threading.stack_size(0)


def taken_signals():
    """signal: handlers of SIGTERM, SIGUSR1, SIGUSR2, which otherwise ask for a snapshot | exact"""
    said = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: said.append(number))
    yield
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    return said


def scheduling():
    """os: nice(), sched_setaffinity() | exact"""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    nice = os.nice(1)
    yield
    found = os.sched_getaffinity(0) == {min(before)}, os.nice(0) == nice
    os.sched_setaffinity(0, before)
    return found


def struct_sequences():
    """tuples of C code whose items have names: os.sched_param, os.stat_result, time.struct_time | exact"""
    param, status, fields = os.sched_param(3), os.stat(os.curdir), time.gmtime(99)
    before = tuple(status), status.st_mtime_ns, status.st_blocks
    yield
    return param, before == (tuple(status), status.st_mtime_ns, status.st_blocks), fields, fields.tm_zone


def resource_limits():
    """resource.setrlimit() | exact"""
    _, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (777, hard))
    yield
    found = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    return found


def fault_handler():
    """faulthandler | noted | writes to standard error; `dump_traceback_later()` is forgotten"""
    was_on = faulthandler.is_enabled()
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR2)
    yield
    found = faulthandler.is_enabled(), faulthandler.unregister(signal.SIGUSR2)
    if not was_on:
        faulthandler.disable()
    return found


def allocation_traces():
    """tracemalloc | noted | what was allocated before is not known any more, which is said"""
    tracemalloc.start()
    yield
    kept = bytes(1 << 20)
    found = tracemalloc.get_traced_memory()[0] > len(kept)
    tracemalloc.stop()
    return found


def ended_processes():
    """multiprocessing: processes that have ended, or not begun, and Finalize | exact"""
    said = []
    finalizer = multiprocessing.util.Finalize(None, said.append, args=("ended",), exitpriority=1)
    first, second = multiprocessing.Process(target=abs, args=(1,)), multiprocessing.Process(target=abs, args=(2,))
    first.start()
    first.join()
    yield
    second.start()
    second.join()
    finalizer()
    return first.exitcode, first.is_alive(), second.exitcode, second.name, said


def shared_values():
    """multiprocessing: Value, Array, RawArray, locks | exact"""
    value, array = multiprocessing.Value("i", 5), multiprocessing.Array("d", range(4))
    yield
    with value.get_lock(), array:
        value.value += 1
        array[2] = 7
    return value.value, list(array), list(multiprocessing.RawArray("i", 2))


def thread_pools():
    """multiprocessing.pool.ThreadPool, also idle | refused | other Python threads are running"""
    pool = multiprocessing.pool.ThreadPool(1)
    yield
    with pool:
        return pool.apply(abs, (-3,))
