# SPDX-License-Identifier: BSD-3-Clause
"""What a script says by the module chkpt: register, exclude, hooks, no_snapshot, snapshot."""
import subprocess
import textwrap

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

# The first run ends in SIGKILL after its snapshot, the same command goes on behind it.
DIE = """
import os, signal
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def start(work):
    (work.parent / "tmp").mkdir()

    def run(text, *options):
        (work / "script.py").write_text(textwrap.dedent(text))
        return subprocess.run(
            [CHKPT_MPI, "-f", "-1", *options, "script.py"], cwd=work, text=True, timeout=60,
            capture_output=True, stdin=subprocess.DEVNULL,
            env=harness.environment(work.parent / "tmp"))

    return run


@pytest.fixture
def resumed(start):
    """What a script prints that is killed behind `before` and resumed in front of `after`."""

    def run(before, after):
        text = "import chkpt\n" + textwrap.dedent(before) + DIE + textwrap.dedent(after)
        first = start(text, "--verify-snapshots")
        assert first.returncode == -9, first.stderr
        second = start(text)
        assert second.returncode == 0, second.stderr
        return second.stdout

    return run


@pytest.fixture
def refused(start):
    """Why no snapshot of a script is taken, which runs to its end all the same."""

    def run(text):
        done = start("import chkpt\n" + textwrap.dedent(text) + "\nchkpt.snapshot()\nprint('end')")
        assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
        [line] = [line for line in done.stderr.splitlines() if " skipped: " in line]
        return line

    return run


def test_c_type_keeps_identity_and_uses_names_of_the_script(resumed):
    assert resumed("""
        import sqlite3
        opened = []
        def path_of(connection):
            return connection.execute("pragma database_list").fetchone()[2]
        def connect(path):
            opened.append(path[-4:])
            return sqlite3.connect(path)
        chkpt.register(sqlite3.Connection, path_of, lambda path: connect(path))
        base = sqlite3.connect("x.db")
        base.execute("create table t(v)"); base.execute("insert into t values (7)"); base.commit()
        def reader(connection=base):
            inner = [connection]
            def read(): return inner[0].execute("select v from t").fetchone()
            yield read
            yield inner[0] is base
        reading = reader()
        read = next(reading)
        held = {"a": (base, base)}
    """, """
        print(read(), next(reading), held["a"][0] is held["a"][1] is base, type(base).__name__)
        print(opened)
    """) == "(7,) True True Connection\n['x.db']\n"


def test_library_type_script_class_and_second_resume(start):
    text = """
        import chkpt, decimal, os, signal
        class Handle:
            live = 0
            def __init__(self, name): self.name = name; Handle.live += 1
        class Derived(Handle): pass
        chkpt.register(Handle, lambda h: [h.name, 1], lambda v: Handle(v[0] + "+"))
        chkpt.register(decimal.Context, lambda c: c.prec, lambda p: decimal.Context(prec=p + 1))
        handle, derived, context = Handle("h"), Derived("d"), decimal.Context(prec=5)
        handles = [handle, handle]
        for step in range(3):
            if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
        print(handle.name, handles[1] is handle, derived.name, type(derived).__name__, context.prec)
    """
    assert [start(text).returncode for _ in range(3)] == [-9] * 3
    done = start(text)
    assert done.stdout == "h+++ True d Derived 8\n", done.stderr


def test_methods_of_a_class(resumed):
    assert resumed("""
        import socket
        order = []
        class Client:
            __slots__ = ("host", "peer", "socket")
            def __init__(self, host):
                self.host, self.peer, self.socket = host, None, socket.socket()
            def __chkpt_save__(self):
                return {"host": self.host, "peer": self.peer, "seen": {self, 1}}
            def __chkpt_restore__(self, value):
                order.append(value["host"])
                assert value["seen"] == {self, 1}
                self.__init__(value["host"])
                self.peer = value["peer"]
        class Special(list):
            __chkpt_save__ = Client.__chkpt_save__
            __chkpt_restore__ = Client.__chkpt_restore__
            __init__ = Client.__init__
            __hash__ = object.__hash__
        a, b = Client("a"), Special("b")
        a.peer, b.peer = b, a
        table = {a: 1, b: 2}
    """, """
        print(a.peer is b, b.peer is a, table[a], table[b], sorted(order), type(b).__name__)
        print(a.socket.fileno() > 2, hasattr(a, "nothing"))
    """) == "True True 1 2 ['a', 'b'] Special\nTrue False\n"


def test_excluded_objects_and_variables(resumed):
    assert resumed("""
        import collections, socket, threading, weakref
        class Holder:
            __slots__ = ("s",)
        sock, cache = socket.socket(), {n: str(n) for n in range(10)}
        chkpt.exclude(sock)
        chkpt.exclude(cache, replacement={})
        chkpt.exclude("scratch", replacement="again")
        scratch = socket.socket()
        holder = Holder(); holder.s = sock
        Pair = collections.namedtuple("Pair", "a b")
        held = [sock, (cache,), {"k": sock}, collections.deque([sock]), Pair(sock, 1)]
        closure = (lambda: (sock, cache))
        (lambda inner=sock: None)
        count = {}
    """, """
        print(repr(sock), bool(sock), isinstance(sock, chkpt.Excluded))
        print(holder.s is sock is held[0] is held[2]["k"] is held[3][0] is held[4].a)
        print(cache, held[1][0] is cache, closure()[1] is cache, scratch)
        for use in (lambda: sock.send(b""), lambda: sock(), lambda: sock[0], lambda: list(sock)):
            try: use()
            except chkpt.ExcludedError as error: count[str(error)] = count.get(str(error), 0) + 1
        print(count)
        scratch = socket.socket()
        print(chkpt.snapshot(), chkpt.info()["last_epoch"])
    """) == (
        "<the <socket.socket> object, excluded from snapshots> False True\nTrue\n{} True True again\n"
        "{'the <socket.socket> object is gone: chkpt.exclude() kept it out of the snapshot that this "
        "run was resumed from': 4}\nFalse 2\n")


def test_excluded_in_generators_and_handlers(resumed):
    assert resumed("""
        import socket
        def steps():
            s = chkpt.exclude(socket.socket(), None)
            try: raise ValueError(s)
            except ValueError as error:
                yield s, error
                yield s, error.args
        running = steps()
        first = next(running)
        def wait(s):
            yield s
            return s
        def delegate():
            s = chkpt.exclude(socket.socket(), "other")
            return (yield from wait(s))
        waiting = delegate(); next(waiting)
        del first
    """, """
        print(next(running))
        try: next(waiting)
        except StopIteration as stop: print(stop.value)
    """) == "(None, (None,))\nother\n"


REFUSED = {
    "value leads back": ("""
        class C: pass
        c = C(); c.box = [c]
        chkpt.register(C, lambda c: c.box, lambda box: C())
        """, "`__main__.c -> <__main__.C>`", "it is part of what chkpt.register() restores it from"),
    "global leads back": ("""
        class C: pass
        def make(value): return len(everything)
        c = C(); everything = {"c": [c]}
        chkpt.register(C, lambda c: 1, make)
        """, "<__main__.C>`", "it is part of what"),
    "two of them": ("""
        class C: pass
        c, d = C(), C(); c.other, d.other = d, c
        chkpt.register(C, lambda c: c.other, lambda other: C())
        """, "<__main__.C>`", "is part of what the save function"),
    "late set": ("""
        class Key:
            def __hash__(self): return 1
        class C: pass
        c = C(); c.keys = {Key()}
        chkpt.register(C, lambda c: c.keys, lambda keys: C())
        """, "`__main__.c -> <__main__.C>`", "a set is part of what"),
    "save raises": ("""
        class C: pass
        c = C()
        chkpt.register(C, lambda c: 1 / 0, C)
        """, "`__main__.c -> <__main__.C>`", "raised ZeroDivisionError: division by zero"),
    "value cannot be saved": ("""
        import socket
        class C:
            def __chkpt_save__(self): return {"s": socket.socket()}
            def __chkpt_restore__(self, value): pass
        c = [C()]
        """, "`__main__.c[0].<saved>['s'] -> <socket.socket>`", ""),
    "no restore": ("""
        class C:
            def __chkpt_save__(self): pass
        c = C()
        """, "`__main__.c -> <__main__.C>`", "has __chkpt_save__ but no __chkpt_restore__"),
    "view of an excluded list": ("""
        numbers = [1, 2]
        chkpt.exclude(numbers)
        i = iter(numbers)
        """, "`__main__.i -> <list_iterator>`", "made from an object that chkpt.exclude() was given"),
    "method of an excluded object": ("""
        import socket
        s = socket.socket(); chkpt.exclude(s)
        class A: pass
        send = s.makefile
        """, "`__main__.send -> <method>`", "made from an object that"),
    "dict of an object": ("""
        class A: pass
        a = A(); a.x = 1; names = a.__dict__; chkpt.exclude(names)
        """, "`__main__.a -> <__main__.A>`", "made from an object that"),
}


@pytest.mark.parametrize("text, path, reason", REFUSED.values(), ids=REFUSED.keys())
def test_refused(refused, text, path, reason):
    line = refused(text)
    assert path in line and reason in line


def test_wrong_restore_is_a_failed_resume(start):
    text = """
        import chkpt, os, signal
        class C: pass
        chkpt.register(C, lambda c: 1, lambda value: None)
        c = C()
        if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
    """
    assert start(text).returncode == -9
    done = start(text)
    assert done.returncode == 74
    assert "the restore function of chkpt.register(C) returned a NoneType" in done.stderr


WRONG_CALLS = """
    import chkpt, sys
    def fails(function, *arguments):
        try: function(*arguments)
        except TypeError as error: return print(error)
        raise AssertionError(function)
    fails(chkpt.register, int, str, int)
    fails(chkpt.register, 3, str, int)
    fails(chkpt.register, Exception, 1, int)
    fails(chkpt.register, type(fails), str, str)
    fails(chkpt.exclude, 3)
    fails(chkpt.exclude, sys)
    fails(chkpt.exclude, "a b")
    class C: pass
    c = C()
    assert chkpt.exclude(c) is c and chkpt.exclude("c") == "c"
    assert chkpt.register(C, str, str) is None
"""


def test_arguments_are_checked_with_and_without_chkpt(start):
    under = start(WRONG_CALLS)
    packages = harness.ROOT / "lib" / "python"
    plain = subprocess.run([PYTHON, "-c", textwrap.dedent(WRONG_CALLS)], text=True, timeout=60,
                           capture_output=True, env={"PYTHONPATH": str(packages)})
    assert (plain.returncode, plain.stderr) == (0, "")
    assert (under.returncode, under.stdout) == (0, plain.stdout), under.stderr
    assert len(plain.stdout.splitlines()) == 7


HOOKS = """
    import chkpt, os, signal
    order = []
    @chkpt.on_snapshot
    def first(): order.append("s1")
    def second():
        order.append("s2")
        if len(order) == 2:
            raise ValueError("not now")
    chkpt.on_snapshot(second)
    @chkpt.on_resume
    def third(): order.append("r1")
    chkpt.on_resume(lambda: order.append("r2"))
    print(chkpt.snapshot(), order)
    def inner(n):
        if n: return inner(n - 1)
        return [took for took in map(lambda ask: ask, [chkpt.snapshot("deep")])][0]
    resumed = inner(3)
    if not resumed: os.kill(os.getpid(), signal.SIGKILL)
    print(resumed, order, chkpt.snapshot(), order)
"""


def test_hooks_in_order_and_one_that_raises(start):
    first = start(HOOKS)
    assert first.returncode == -9, first.stderr
    assert "snapshot 1 skipped: second() given to chkpt.on_snapshot() raised ValueError: not now " \
           "at script.py:9" in first.stderr
    done = start(HOOKS)
    order = ["s1", "s2", "s1", "s2", "r1", "r2"]
    again = order + ["s1", "s2"]
    assert done.stdout.splitlines()[-1] == f"True {again} False {again}", done.stderr


def test_resume_hook_that_raises(start):
    text = """
        import chkpt, os, signal
        @chkpt.on_resume
        def connect(): raise OSError("no host")
        if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
        print("never")
    """
    assert start(text).returncode == -9
    done = start(text)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "connect() given to chkpt.on_resume() raised OSError: no host at script.py:4" in done.stderr


def test_no_snapshot_nested_and_as_decorator(start):
    done = start("""
        import chkpt
        def refused():
            try: return chkpt.snapshot()
            except RuntimeError as error: return str(error)
        @chkpt.no_snapshot()
        def guarded(n, k=1):
            "doc"
            return guarded(n - 1) if n else (refused(), k)
        print(guarded(2), guarded.__name__, guarded.__doc__)
        with chkpt.no_snapshot():
            with chkpt.no_snapshot(): pass
            print(refused())
        try:
            with chkpt.no_snapshot(): 1 / 0
        except ZeroDivisionError: pass
        try:
            @chkpt.no_snapshot()
            def generator(): yield
        except TypeError as error: print("as a decorator" if "block inside" in str(error) else error)
        print(refused(), chkpt.info()["last_epoch"])
    """)
    text = "chkpt.snapshot() inside chkpt.no_snapshot()"
    assert done.stdout == (f"('{text}', 1) guarded doc\n{text}\nas a decorator\nFalse 1\n"), done.stderr


def test_snapshot_of_one_rank(work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    (work / "script.py").write_text(textwrap.dedent("""
        from mpi4py import MPI
        import chkpt, os, signal, time
        world = MPI.COMM_WORLD
        def deep():
            if world.rank == 1: return chkpt.snapshot()
            for _ in range(200): time.sleep(0.01)  # stands somewhere in here
        results = [deep()]
        if results == [False]: os.kill(os.getpid(), signal.SIGKILL)
        every = world.allgather(results)
        if world.rank == 0: print(every)
    """))
    command = [CHKPT_MPI, "-f", "-1", "script.py"]
    killed = harness.run(command, work, 2)
    assert killed.code != 0 and harness.newest_epoch(work) == 1, killed.stderr
    done = harness.run(command, work, 2)
    assert (done.code, done.stdout) == (0, b"[[None], [True]]\n"), done.stderr
