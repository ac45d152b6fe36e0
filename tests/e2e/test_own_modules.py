# SPDX-License-Identifier: BSD-3-Clause
"""What the script's own compiled modules keep in C and in their names goes on after a resume."""
import shutil
import subprocess

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

SOURCES = harness.ROOT / "tests" / "e2e" / "extensions"
PYBIND11 = "/usr/include/pybind11"

SCRIPT = """
import os, sys
import {name}
{first}
for i in range(6):
    print(i, {step}, flush=True)
    {then}
    if i in (2, 4) and "chkpt" in sys.argv:
        import chkpt
        if not chkpt.snapshot(): os.kill(os.getpid(), 9)
"""

OF_CELLS = {
    "name": "cells", "step": "cells.step(i + 0.5), values[0], len(cells.table), cells.counter, cells.remember(i), cells.label,"
                             "cells.hook is hook, all(map(cells.is_cached, cells.table, cells.table.values()))",
    "first": "import array\nvalues = array.array('d', [1, 2])\ndef hook(n): return n + 100",
    "then": "values[0] *= 3; i == 1 and (setattr(cells, 'hook', hook), cells.use(values))"}
OF_TABLE = {"name": "table", "step": "table.step(i)", "first": "kind = table.Entry",
            "then": "assert table.Entry is kind"}
OF_DRAWS = {"name": "draws", "step": "draws.step(i), draws.ODD is kind, draws.Kind.ODD is kind, walk.at",
            "first": "kind, walk = draws.ODD, draws.Walk(0.5)", "then": "walk.at += draws.Point().x + i"}


def compile_c(source, folder, *options):
    include = subprocess.run([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
                             capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    library = folder / f"{source.stem}.so"
    made = subprocess.run(["c++" if source.suffix == ".cpp" else "cc", "-w", "-shared", "-fPIC", *options,
                           f"-I{include}", "-o", library, source], capture_output=True, text=True, timeout=120)
    return library if made.returncode == 0 else pytest.skip(f"does not compile: {made.stderr[:200]}")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """built(name): the library of a module, compiled once."""
    folder, known = tmp_path_factory.mktemp("modules"), {}

    def build(name):
        if name in known:
            return known[name]
        if name == "cells":
            if not shutil.which("cython3"):
                pytest.skip("no cython3")
            shutil.copy(SOURCES / "cells.pyx", folder)
            subprocess.run(["cython3", "cells.pyx"], cwd=folder, check=True, capture_output=True, timeout=60)
            known[name] = compile_c(folder / "cells.c", folder)
        elif name == "draws":
            if not harness.Path(PYBIND11).exists():
                pytest.skip("no pybind11")
            known[name] = compile_c(SOURCES / "draws.cpp", folder, "-std=c++17", "-DNDEBUG", "-fvisibility=hidden")
        else:
            known[name] = compile_c(SOURCES / f"{name}.c", folder)
        return known[name]
    return build


def check_goes_on(script, work):
    (work / "steps.py").write_text(SCRIPT.format(**script))
    expected = harness.run([PYTHON, "steps.py"], work)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "steps.py", "chkpt"]
    outcomes = [harness.run(command, work) for _ in range(3)]
    assert [o.code for o in outcomes] == [-9, -9, 0], outcomes[-1].stderr
    harness.assert_continues([o.stdout for o in outcomes], expected.stdout)


@pytest.mark.parametrize("script", [OF_CELLS, OF_TABLE, OF_DRAWS], ids=lambda script: script["name"])
@pytest.mark.parametrize("stripped", [False, True], ids=["with symbols", "stripped"])
def test_goes_on(built, work, script, stripped):
    shutil.copy(built(script["name"]), work)
    if stripped:
        subprocess.run(["strip", work / f"{script['name']}.so"], check=True, timeout=60)
    check_goes_on(script, work)


def test_goes_on_in_a_package(built, work):
    package = work / "own" / "fast"
    package.mkdir(parents=True)
    shutil.copy(built("table"), package)
    check_goes_on({"name": "own.fast.table as table", "step": "table.step(i)", "first": "", "then": "pass"}, work)


HELPERS = """
LIMIT, seen = 7, []
def twice(x): seen.append(x); return len(seen), 2 * x
"""


def test_takes_names_of_a_module_in_python(built, work):
    shutil.copy(built("taker"), work)
    (work / "helpers.py").write_text(HELPERS)
    check_goes_on({"name": "helpers, taker", "first": "from taker import twice", "then": "helpers.LIMIT = i",
                   "step": "taker.step(i), taker.limit, taker.twice is helpers.twice is twice, twice(i)"}, work)


@pytest.mark.parametrize("name, call, reason", [
    ("cells", "get_memory()", "the variable work of {} keeps the address of memory"),
    ("draws", "remember(1)", "the variable (anonymous namespace)::trail of {} keeps the address of memory"),
    ("table", "deepen()", "memory that the variable reserve of {} leads to has changed"),
])
def test_memory_of_its_own_is_refused(built, work, name, call, reason):
    shutil.copy(built(name), work)
    script = f"import chkpt, {name}; print(chkpt.snapshot()); {name}.{call}; print(chkpt.snapshot())"
    outcome = harness.run([CHKPT_MPI, "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and reason.format(work / f"{name}.so") in skipped[0], outcome.stderr


def test_variables_of_an_excluded_module_are_as_its_import_makes_them(built, work):
    shutil.copy(built("cells"), work)
    (work / "once.py").write_text("import chkpt, cells, os\nchkpt.exclude(cells)\ncells.get_memory()\ncells.step(1)\n"
                                  "if not chkpt.snapshot(): os.kill(os.getpid(), 9)\nprint(cells.step(1)[:2])\n")
    command = [CHKPT_MPI, "-f", "-1", "once.py"]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    fresh = harness.run([PYTHON, "-c", "import cells; print(cells.step(1)[:2])"], work)
    assert (resumed.code, resumed.stdout) == (0, fresh.stdout), resumed.stderr


def test_what_cannot_be_looked_at_is_refused(built, work):
    shutil.copy(built("closing"), work)
    script = ("import chkpt, resource; before = resource.getrlimit(resource.RLIMIT_NOFILE); import closing; "
              "resource.setrlimit(resource.RLIMIT_NOFILE, before); print(closing.step(), chkpt.snapshot())")
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"1 False\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and "could not be found out when it was loaded: closing" in skipped[0], outcome.stderr


def test_instances_without_pickling_are_refused(built, work):
    shutil.copy(built("draws"), work)
    script = "import chkpt, draws; point = draws.Point(); print(chkpt.snapshot()); del point; print(chkpt.snapshot())"
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and "`__main__.point -> <draws.Point>`" in skipped[0], outcome.stderr


# `word` is a key of all that hash by it: found with an equal one that is made after the resume.
OF_HASHED = {
    "name": "hashed", "first": "word = ('a', 1)\nkinds = hashed.Content, hashed.Object, hashed.Itself\n"
                               "keys = [kind(word) for kind in kinds]\nunasked = [kind(word) for kind in kinds]\n"
                               "table = {key: key for key in keys}",
    "step": "[table[key] is key for key in keys], [kind(word) in table for kind in kinds], keys[2].is_stale(),"
            "[hash(key) == hash(kind(word)) for key, kind in zip(unasked, kinds)] if i == 5 else 0", "then": ""}


def test_hashes_that_objects_keep_are_not_those_of_before(built, work):
    shutil.copy(built("hashed"), work)
    check_goes_on(OF_HASHED, work)


def test_a_handle_is_no_kept_hash(built, work):
    shutil.copy(built("hashed"), work)
    script = "import chkpt, hashed; one = hashed.Handle('a'); print(chkpt.snapshot()); del one; print(chkpt.snapshot())"
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and "`__main__.one -> <hashed.Handle>`" in skipped[0], outcome.stderr


def test_another_module_is_not_filled(built, work):
    shutil.copy(built("table"), work)
    (work / "steps.py").write_text(SCRIPT.format(**OF_TABLE))
    assert harness.run([CHKPT_MPI, "-f", "-1", "steps.py", "chkpt"], work).code == -9
    subprocess.run(["strip", work / "table.so"], check=True, timeout=60)
    outcome = harness.run([CHKPT_MPI, "--resume=must", "steps.py", "chkpt"], work)
    assert outcome.code == 74 and "table.so is another library than before" in outcome.stderr, outcome.stderr


LOSSY = """
import ignoring
def make(part):
    if part: ignoring.ignore(part)
    return Lossy(part)
class Lossy:
    def __init__(self, part): self.part = part
    def __reduce__(self): return make, (self.part,)
"""
HOLDS_LOSSY = """
import sys
sys.path.insert(0, sys.argv[1])
import chkpt, lossy, os
held = lossy.Lossy(sys.argv[2])
if not chkpt.snapshot(): os.kill(os.getpid(), 9)
print("end", held.part)
"""


def test_an_exception_that_compiled_code_ignores_while_it_loads_is_no_resume(built, work, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    shutil.copy(built("ignoring"), packages)
    (packages / "lossy.py").write_text(LOSSY)
    (work / "holds.py").write_text(HOLDS_LOSSY)
    command = [CHKPT_MPI, "-f", "-1", "holds.py", packages]
    assert harness.run([*command, "lost"], work).code == -9
    refused = harness.run([*command, "lost"], work)
    assert (refused.code, refused.stdout) == (74, b""), refused.stderr
    assert "KeyError: 'lost', in ignoring.ignore" in refused.stderr
    verified = harness.run([*command[:3], "-o", "verified", "--verify-snapshots", *command[3:], "lost"], work)
    assert verified.code == -9 and "KeyError: 'lost', in ignoring.ignore" in verified.stderr
    whole = [*command[:3], "-o", "whole", *command[3:], ""]
    assert harness.run(whole, work).code == -9
    assert harness.run(whole, work).stdout == b"end \n"


OTHER_SUFFIXES = """
import importlib.machinery, importlib.util, os, sys
importlib.machinery.SOURCE_SUFFIXES.append(".calc")
sys.path_importer_cache.clear()
import rules
loader = importlib.machinery.SourceFileLoader("settings", os.path.abspath("settings.conf"))
settings = importlib.util.module_from_spec(importlib.util.spec_from_loader("settings", loader))
sys.modules["settings"] = settings
loader.exec_module(settings)
held, rules.seen[1], settings.depth = rules.Rule(3), "one", settings.depth + 4
if "chkpt" in sys.argv:
    import chkpt
    if not chkpt.snapshot(): os.kill(os.getpid(), 9)
print(held.apply(4), rules.seen, settings.depth, type(held) is rules.Rule, sys.modules["settings"] is settings)
"""


def test_modules_of_files_with_other_suffixes_go_by_value(work):
    (work / "rules.calc").write_text("seen = {}\nclass Rule:\n    def __init__(self, n): self.n = n\n"
                                     "    def apply(self, x): return self.n * x, len(seen)\n")
    (work / "settings.conf").write_text("depth = 3\n")
    (work / "steps.py").write_text(OTHER_SUFFIXES)
    expected = harness.run([PYTHON, "steps.py"], work)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "steps.py", "chkpt"]
    killed = harness.run(command, work)
    assert killed.code == -9 and "skipped" not in killed.stderr, killed.stderr
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, expected.stdout), resumed.stderr
