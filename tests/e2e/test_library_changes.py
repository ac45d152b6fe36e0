# SPDX-License-Identifier: BSD-3-Clause
"""What a script does to library modules from one snapshot to the next is in the later one: what chkpt
knows of them from the snapshot before holds as long as nothing changes."""
import shutil
import textwrap

import pytest

import harness
from harness import CHKPT_MPI

# Each change takes back or goes on with what those before have done.
CHANGES = [
    "textwrap.answer = 1",
    "textwrap.answer += 1; textwrap.TextWrapper.extra = [1]",
    "json.decoder.BACKSLASH['!'] = 'x'; textwrap.TextWrapper.extra.append(2)",
    "string.counter = itertools.count(); next(string.counter)",
    "next(string.counter); numbers.Number.register(Early)",
    "next(string.counter); del json.decoder.BACKSLASH['!']",
    "del textwrap.answer; collections.abc.Sized.register(Late)",
    "difflib.MARK = mark; textwrap.TextWrapper.extra = (2,)",
    "del difflib.MARK; del textwrap.TextWrapper.extra; difflib.filler = mark",
    "sys.modules['colorsys.extra'] = textwrap; colorsys.extra = textwrap",
]
SCRIPT = """
    import chkpt, os, signal, sys
    import collections.abc, colorsys, difflib, itertools, json, numbers, string, textwrap
    class Early: pass
    class Late: pass
    mark = object()
    def show():
        print(vars(textwrap).get("answer"), vars(textwrap.TextWrapper).get("extra"),
              json.decoder.BACKSLASH.get("!"), repr(vars(string).get("counter")),
              isinstance(Early(), numbers.Number), isinstance(Late(), collections.abc.Sized),
              getattr(difflib, "MARK", None) is mark, getattr(difflib, "filler", 0) is mark,
              getattr(colorsys, "extra", None) is textwrap)
    for number, change in enumerate(CHANGES):
        exec(change)
        if chkpt.snapshot(): break
        if number == LAST: os.kill(os.getpid(), signal.SIGKILL)
    show()
"""


def script(last, dies):
    text = textwrap.dedent(SCRIPT).replace("CHANGES", repr(CHANGES)).replace("LAST", str(last))
    return text if dies else text.replace("os.kill(os.getpid(), signal.SIGKILL)", "break")


@pytest.mark.parametrize("last", range(len(CHANGES)))
def test_every_change_is_in_the_next_snapshot(work, last):
    (work / "whole.py").write_text(script(last, dies=False))
    (work / "killed.py").write_text(script(last, dies=True))
    whole = harness.run([CHKPT_MPI, "-f", "-1", work / "whole.py"], work)
    command = [CHKPT_MPI, "-f", "-1", "-o", "kept", work / "killed.py"]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert resumed.code == 0, resumed.stderr
    assert resumed.stdout == whole.stdout


LIBRARY = """
import os, sys
print("welcome")
sys.stdout.flush()
os.write(1, b"to the library")
kept = sys.stdout
print(", reader", end="")
"""
USER = """
import sys
sys.path.insert(0, sys.argv[1])
import chkpt, greeter, os, signal
print("begin", flush=True)
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
print("end", greeter.kept is sys.stdout)
"""


def test_what_a_library_prints_when_it_is_imported_comes_once(work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "greeter.py").write_text(LIBRARY)
    (work / "user.py").write_text(USER)
    command = [CHKPT_MPI, "-f", "-1", work / "user.py", packages]
    killed = harness.run(command, work)
    assert (killed.code, killed.stdout) == (-9, b"welcome\nto the library, readerbegin\n")
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, b"end True\n"), resumed.stderr


RELATIVE = """
import sys
sys.path.insert(0, "vendor/site-packages")
import chkpt, os, signal, tool
os.chdir(sys.argv[1])
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
print(tool.name)
"""


def test_a_relative_entry_of_the_path_leads_to_the_same_module(work, tmp_path):
    (work / "user.py").write_text(RELATIVE)
    for name in ("first", "other", "same"):
        packages = tmp_path / name / "vendor" / "site-packages"
        packages.mkdir(parents=True)
        (packages / "tool.py").write_text(f"name = {'other' if name == 'other' else 'first'!r}\n")
    command = [CHKPT_MPI, "-f", "-1", "-o", tmp_path / "kept", work / "user.py", work]
    assert harness.run(command, tmp_path / "first").code == -9
    shutil.rmtree(tmp_path / "first")
    refused = harness.run(command, tmp_path / "other")
    assert (refused.code, refused.stdout) == (74, b""), refused.stderr
    assert "leads to another file now: " + str(tmp_path / "other" / "vendor") in refused.stderr
    moved = harness.run(command, tmp_path / "same")
    assert (moved.code, moved.stdout) == (0, b"first\n"), moved.stderr


# With -S no version has imported functools and collections when the script starts.
CLASSES = """
    import chkpt, os
    chkpt.snapshot()
    import collections, functools
    class Numbers(list): pass
    class Names(dict): pass
    class Pair(tuple): pass
    class Count(collections.Counter): pass
    if not chkpt.snapshot() and DIES: os.kill(os.getpid(), 9)
    print([c.__name__ for c in list.__subclasses__() if c.__module__ == "__main__"], Count("aab"))
"""


def test_classes_of_what_was_imported_after_the_first_snapshot(work):
    for name, dies in ("whole.py", False), ("killed.py", True):
        (work / name).write_text(textwrap.dedent(CLASSES).replace("DIES", str(dies)))
    whole = harness.run([CHKPT_MPI, "-S", "-f", "-1", work / "whole.py"], work)
    command = [CHKPT_MPI, "-S", "-f", "-1", "-o", "kept", work / "killed.py"]
    killed = harness.run(command, work)
    assert killed.code == -9 and "skipped" not in killed.stderr, killed.stderr
    resumed = harness.run(command, work)
    assert resumed.code == 0 and "resumed from epoch 2" in resumed.stderr, resumed.stderr
    assert resumed.stdout == whole.stdout


HOOKS = """
import sys

class Finder:
    def __init__(self, name): self.name, self.asked = name, []
    def find_spec(self, name, path=None, target=None): self.asked.append(name)

def path_hook(entry):
    raise ImportError(entry)

def install(name):
    sys.meta_path.insert(0, Finder(name))
    sys.path_hooks.append(path_hook)

sys.meta_path.append(Finder("of the import"))
"""
HOOKED = """
import sys
sys.path.insert(0, sys.argv[1])
import chkpt, os, signal, tools
tools.install("of a call")
first = sys.meta_path[0]
sys.meta_path.append(sys.meta_path.pop(2))
def names(): return [getattr(hook, "name", None) or getattr(hook, "__name__", "") for hook in sys.meta_path]
order = names()
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
print(names() == order, order, sys.meta_path[0] is first, sys.path_hooks[-1] is tools.path_hook)
import colorsys
print(first.asked)
"""


def test_hooks_of_imports_that_a_library_has_put_there(work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "tools.py").write_text(HOOKS)
    (work / "user.py").write_text(HOOKED)
    command = [CHKPT_MPI, "-f", "-1", work / "user.py", packages]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert resumed.code == 0, resumed.stderr
    order, asked = resumed.stdout.decode().splitlines()
    assert order.startswith("True ['of a call', ") and order.endswith("] True True"), order
    assert "of the import" in order and asked == "['colorsys']", resumed.stdout


SITE = """
import os, sys
class Extra:
    @staticmethod
    def find_spec(*_): return None
if os.environ.get("MORE"): sys.meta_path.insert(0, Extra)
"""
AT_SITE = """
import chkpt, os, signal, sys
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
import colorsys
print([hook.__name__ for hook in sys.meta_path if hasattr(hook, "__name__")])
"""


@pytest.mark.parametrize("first, second", [("1", ""), ("", "1")])
def test_ways_to_import_that_only_one_launch_begins_with(work, tmp_path, first, second):
    (tmp_path / "sitecustomize.py").write_text(SITE)
    (work / "user.py").write_text(AT_SITE)
    command = [CHKPT_MPI, "-f", "-1", work / "user.py"]
    path = {"PYTHONPATH": str(tmp_path)}
    assert harness.run(command, work, env={**path, "MORE": first}).code == -9
    resumed = harness.run(command, work, env={**path, "MORE": second})
    assert resumed.code == 0, resumed.stderr
    assert (b"Extra" in resumed.stdout) == bool(second) and b"PathFinder" in resumed.stdout


MARKED = """
class Unset: pass
__UNSET__ = Unset()
__table__ = {}
def ask(given=__UNSET__):
    return given is __UNSET__
"""
MARKS = """
import sys
sys.path.insert(0, sys.argv[1])
import chkpt, os, signal, marked
def use(mark=marked.__UNSET__):
    marked.__table__["mark"] = mark
    if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
    return marked.ask(mark), mark is marked.__UNSET__, marked.__table__["mark"] is mark
print(use())
"""


def test_names_of_a_library_that_begin_with_two_underscores(work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "marked.py").write_text(MARKED)
    (work / "user.py").write_text(MARKS)
    command = [CHKPT_MPI, "-f", "-1", work / "user.py", packages]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, b"(True, True, True)\n"), resumed.stderr


LOOPS = """
import sys
sys.path.insert(0, sys.argv[1])
import gc, logging, os, signal, threading, weak
DIES = len(sys.argv) > 2
handlers = [logging.NullHandler() for _ in range(6)]
members = [weak.Member() for _ in range(5)]
threads = [threading.Thread(name=f"t{i}") for i in range(3)]
for i, handler in enumerate(handlers):
    handler.name = f"h{i}"
for i, member in enumerate(members):
    weak.by_name[f"m{i}"], weak.by_member[member] = member, i
    weak.all_members.add(member)
member = handler = None
def names(loop):
    return [name for name, _ in loop]
of_threads, of_members = iter(threading._dangling), iter(weak.all_members)
by_name, by_member = iter(weak.by_name.items()), iter(weak.by_member.items())
next(of_members)
seen = {next(of_threads).name}, next(by_name)[0], next(by_member)[1]
for count, (name, handler) in enumerate(logging._handlers.items()):
    if count == 2:
        handler = handlers[0] = members[1] = None
        gc.collect()
        if DIES:
            import chkpt
            if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
        print(list(logging._handlers.data))
    print(count, name)
print(len(seen[0] | {thread.name for thread in of_threads}), len({*of_members}) in (3, 4))
print(seen[1:], names(by_name), sorted(number for _, number in by_member))
for container in (logging._handlers, threading._dangling, weak.by_name, weak.by_member, weak.all_members):
    print(len(container), container._iterating, container._pending_removals)
"""
WEAK = """
import weakref
class Member: pass
by_name, by_member, all_members = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()
"""


def test_loops_over_weak_containers_of_libraries_go_on(work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "weak.py").write_text(WEAK)
    (work / "user.py").write_text(LOOPS)
    whole = harness.run([harness.PYTHON, work / "user.py", packages], work)
    assert whole.code == 0, whole.stderr
    command = [CHKPT_MPI, "-f", "-1", work / "user.py", packages, "dies"]
    killed = harness.run(command, work)
    assert killed.code == -9, killed.stderr
    resumed = harness.run(command, work)
    assert resumed.code == 0, resumed.stderr
    assert killed.stdout + resumed.stdout == whole.stdout


PAIRS = """
import weakref
class Names(dict):
    def signal(self, name): return self.setdefault(name, [])
signal = Names().signal

class Pairs:
    def __init__(self):
        self.there, self.back, self.other = {}, {}, None
    def put(self, key, value): self.there[key], self.back[value] = value, key
    @staticmethod
    def made_from(cls, there, inverted):
        made = cls()
        for key, value in there.items(): made.put(key, value)
        return made.inverse if inverted else made
    @property
    def inverse(self):
        if self.other is None:
            inverse = Pairs()
            inverse.there, inverse.back, inverse.other = self.back, self.there, weakref.ref(self)
            self.other = inverse
        return self.other() if isinstance(self.other, weakref.ref) else self.other
    def __reduce__(self):
        return self.made_from, (Pairs, dict(self.there), False)
"""
PAIRED = """
import sys
sys.path.insert(0, sys.argv[1])
import chkpt, os, pairs, signal
heard = pairs.signal("heard")
both = pairs.Pairs()
both.put("a", 1)
inverse = both.inverse
if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
both.put("b", 2)
print(pairs.signal("heard") is heard, inverse.there, inverse.inverse is both, both.inverse is inverse)
"""


def test_objects_that_only_a_method_leads_to_and_those_that_a_method_of_their_own_makes(work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "pairs.py").write_text(PAIRS)
    (work / "user.py").write_text(PAIRED)
    command = [CHKPT_MPI, "-f", "-1", work / "user.py", packages]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, b"True {1: 'a', 2: 'b'} True True\n"), resumed.stderr
