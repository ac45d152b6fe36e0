# SPDX-License-Identifier: BSD-3-Clause
"""Variables of a shared library of the script's own, opened with ctypes, go on after a resume."""
import subprocess

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

SOURCE = """
#include <stdlib.h>
static double time_, grid[1000];
static double *where = grid, *work;
static int calls;
static unsigned long long seed = 88172645463325252ULL;
static const char *phase = "first";

double step(void) {
  ++calls;
  seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17;
  *where += (double)(seed % 1000) / 1000;
  where = &grid[calls * 7 % 1000];
  if (calls == 3) phase = "second";
  time_ += 0.5;
  return time_ + grid[0] + grid[7] + (*phase == 's');
}
void get_memory(void) { work = malloc(800); }
"""

SCRIPT = """
import ctypes, os, sys
library = ctypes.CDLL(os.path.abspath("libsteps.so"))
library.step.restype = ctypes.c_double
for i in range(8):
    print(i, library.step(), flush=True)
    if i in (2, 4) and "chkpt" in sys.argv:
        import chkpt
        if not chkpt.snapshot(): os.kill(os.getpid(), 9)
"""


@pytest.fixture
def library(folder, work):
    (folder / "steps.c").write_text(SOURCE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", work / "libsteps.so", folder / "steps.c"],
                   check=True, timeout=60)
    return work / "libsteps.so"


def test_variables_go_on(library, work):
    (work / "steps.py").write_text(SCRIPT)
    expected = harness.run([PYTHON, "steps.py"], work)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "steps.py", "chkpt"]
    outcomes = [harness.run(command, work) for _ in range(3)]
    assert [o.code for o in outcomes] == [-9, -9, 0], outcomes[-1].stderr
    harness.assert_continues([o.stdout for o in outcomes], expected.stdout)


def test_memory_of_its_own_is_refused(library, work):
    script = (f"import chkpt, ctypes; library = ctypes.CDLL('{library}'); print(chkpt.snapshot());"
              "library.get_memory(); print(chkpt.snapshot())")
    outcome = harness.run([CHKPT_MPI, "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and "libsteps.so keeps the address of memory" in skipped[0], outcome.stderr
