# SPDX-License-Identifier: BSD-3-Clause
"""Objects of compiled classes that work in the memory of arrays which the script has too."""
import signal
import subprocess

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

SOURCES = harness.ROOT / "tests" / "e2e" / "extensions"

SCRIPT = """
import os, signal, sys
import numpy as np
MODULE, MAKE = sys.argv[1:3]
made = __import__(MODULE)
cells = np.arange(300.0)
table = np.asfortranarray(np.arange(48.0).reshape(6, 8))
held = eval(MAKE, {**vars(made), **globals()})
for i in range(4):
    print(i, held.step(), cells.sum(), table.sum(), flush=True)
    cells[0] += 100
    cells[20] -= 3
    table[0, 1] += 7
    if i == 1 and "chkpt" in sys.argv:
        import chkpt
        if not chkpt.snapshot() and "refused" not in sys.argv:
            os.kill(os.getpid(), signal.SIGKILL)
"""

COPIES = ", of which its own pickling makes a copy"


def compile_flags():
    code = "import numpy, sysconfig; print(sysconfig.get_path('include'))"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        pytest.skip(f"{PYTHON} has no numpy")
    return ["-O0", "-shared", "-fPIC", "-w", f"-I{done.stdout.strip()}"]


@pytest.fixture(scope="session")
def modules(tmp_path_factory):
    """A folder with the extension modules."""
    folder = tmp_path_factory.mktemp("modules")
    for command in (
            ["cython3", "-3", SOURCES / "cyshare.pyx", "-o", "cyshare.c"],
            ["cc", *compile_flags(), "cyshare.c", "-o", "cyshare.so"],
            ["c++", "-std=c++17", *compile_flags(), SOURCES / "pbshare.cpp", "-o", "pbshare.so"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    return folder


def run(work, modules, *arguments):
    """What python3 prints, and the runs of chkpt-mpi until one does not kill itself."""
    (work / "steps.py").write_text(SCRIPT)
    env = {"PYTHONPATH": str(modules)}
    expected = harness.run([PYTHON, "steps.py", *arguments], work, env=env)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "steps.py", *arguments, "chkpt"]
    outcomes = [harness.run(command, work, env=env)]
    if outcomes[0].code == -signal.SIGKILL:
        outcomes.append(harness.run(command, work, env=env))
    return expected.stdout, outcomes


@pytest.mark.parametrize(("module", "make"), [
    ("cyshare", "Viewer(cells)"), ("cyshare", "Viewer(cells[10:50])"),
    ("cyshare", "Strided(table[::2, 1:])"), ("cyshare", "Pointer(cells)"), ("cyshare", "Sharer(cells)"),
    ("cyshare", "Owner(cells)"), ("pbshare", "Solver(cells)"), ("pbshare", "Counter(cells)")])
def test_goes_on_in_its_memory(work, modules, module, make):
    expected, outcomes = run(work, modules, module, make)
    assert [o.code for o in outcomes] == [-9, 0], outcomes[-1].stderr
    harness.assert_continues([o.stdout for o in outcomes], expected)


def test_two_objects_in_one_memory(work, modules):
    make = "Pair(Viewer(cells), Viewer(cells[5:200]))"
    expected, outcomes = run(work, modules, "cyshare", make)
    assert [o.code for o in outcomes] == [-9, 0], outcomes[-1].stderr
    harness.assert_continues([o.stdout for o in outcomes], expected)


def test_would_be_parted(work, modules):
    expected, (outcome,) = run(work, modules, "cyshare", "Copier(cells)", "refused")
    assert (outcome.code, outcome.stdout) == (0, expected), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1, outcome.stderr
    assert "`__main__.held -> <cyshare.Copier>`" in skipped[0]
    assert "it works in the memory of `__main__.cells`" in skipped[0] and COPIES in skipped[0]


def test_cannot_be_pickled(work, modules):
    expected, (outcome,) = run(work, modules, "pbshare", "Closed()", "refused")
    assert (outcome.code, outcome.stdout) == (0, expected), outcome.stderr
    assert any("cannot pickle 'pbshare.Closed' object" in line for line in outcome.messages), outcome.stderr
