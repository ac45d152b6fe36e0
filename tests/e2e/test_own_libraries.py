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


def check_goes_on(script, work):
    expected = harness.run([PYTHON, script], work)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", script, "chkpt"]
    outcomes = [harness.run(command, work) for _ in range(3)]
    assert [o.code for o in outcomes] == [-9, -9, 0], outcomes[-1].stderr
    harness.assert_continues([o.stdout for o in outcomes], expected.stdout)


def test_variables_go_on(library, work):
    (work / "steps.py").write_text(SCRIPT)
    check_goes_on("steps.py", work)


INNER = """
static int rounds;
static double sum;
int more(double x) { sum += x; return (int)sum + ++rounds; }
"""
OUTER = """
int more(double x);
int twice(double x) { return more(x) + more(x); }
"""
MODULE = """
#include <Python.h>
int twice(double x);
static PyObject *call(PyObject *self, PyObject *x) { return PyLong_FromLong(twice(PyFloat_AsDouble(x))); }
static PyMethodDef methods[] = {{"twice", call, METH_O, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "outer", .m_size = -1, .m_methods = methods};
PyMODINIT_FUNC PyInit_outer(void) { return PyModule_Create(&definition); }
"""
BY_CTYPES = """
import ctypes
twice = ctypes.CDLL(os.path.abspath("lib/libouter.so")).twice
twice.argtypes = [ctypes.c_double]
"""
TWICE = """
import os, sys
{first}
for i in range(6):
    print(i, twice(i / 2), flush=True)
    if i in (1, 3) and "chkpt" in sys.argv:
        import chkpt
        if not chkpt.snapshot(): os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("first", [BY_CTYPES, "from outer import twice"], ids=["ctypes", "module"])
def test_variables_of_libraries_it_is_linked_to_go_on(folder, work, first):
    def build(source, path, *options):
        (folder / "source.c").write_text(source)
        subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", work / path, folder / "source.c",
                        f"-L{work}/lib", *options], check=True, timeout=60)

    (work / "lib").mkdir()
    build(INNER, "lib/libinner.so")
    build(OUTER, "lib/libouter.so", "-linner", "-Wl,-rpath,$ORIGIN")
    include = subprocess.run([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
                             capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    build(MODULE, "outer.so", f"-I{include}", "-louter", "-Wl,-rpath,$ORIGIN/lib")
    (work / "twice.py").write_text(TWICE.format(first=first))
    check_goes_on("twice.py", work)


def test_memory_of_its_own_is_refused(library, work):
    script = (f"import chkpt, ctypes; library = ctypes.CDLL('{library}'); print(chkpt.snapshot());"
              "library.get_memory(); print(chkpt.snapshot())")
    outcome = harness.run([CHKPT_MPI, "-c", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and f"the variable work of {library} keeps the address of memory" in skipped[0], outcome.stderr


ANSWER_OF_C = """
import ctypes, chkpt
libc = ctypes.CDLL(None)
libc.inet_ntoa.restype = ctypes.c_void_p  # of memory that the next call uses again
class Model:
    def __chkpt_save__(self):
        libc.inet_ntoa(0)
    def __chkpt_restore__(self, nothing): pass
model = Model()
def address(model):
    answer = ctypes.c_char_p(libc.inet_ntoa(0x0100007f))
    print(chkpt.snapshot())
    return answer.value
print(address(model))
answer = ctypes.c_char_p(libc.inet_ntoa(0x0100007f))
print(chkpt.snapshot())
print(answer.value)
del answer
print(chkpt.snapshot())
"""


def test_an_answer_of_c_in_use_is_not_written_over(work):
    (work / "answer.py").write_text(ANSWER_OF_C)
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "answer.py"], work)
    assert outcome.stdout == b"False\nb'127.0.0.1'\nFalse\nb'127.0.0.1'\nFalse\n", outcome.stderr
    for path in ("address.<locals>.answer -> <ctypes.c_char_p>` at answer.py:12",
                 "__main__.answer -> <ctypes.c_char_p>` at answer.py:16"):
        assert path in outcome.stderr, outcome.stderr
    assert outcome.stderr.count("committed") == 1, outcome.stderr
