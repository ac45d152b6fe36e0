# SPDX-License-Identifier: BSD-3-Clause
"""CPython's own tests give the same results with chkpt-mpi as the interpreter as with python3.

Started under the name python3 the program is the interpreter of the tests and of every child they
start; under its own name it runs those that need no interpreter beside them.
"""
import os
import subprocess

import pytest

from cpython_tests import Suite
from harness import CHKPT_MPI, PYTHON

AS_PYTHON = ["test_cmd_line_script", "test_runpy", "test_atexit",
             "test_multiprocessing_main_handling", "test_signal"]
AS_ITSELF = ["test_runpy", "test_atexit", "test_sys_setprofile", "test_pkgutil", "test_frame"]


@pytest.fixture(autouse=True)
def suite_is_installed():
    done = subprocess.run([PYTHON, "-c", "import test.test_runpy"], capture_output=True)
    assert done.returncode == 0, "CPython's tests are missing (Debian: libpython3.11-testsuite)"


# The folders' names are equally long: paths of sockets in them may be too long for some of the tests.
def assert_same_verdicts(ours, theirs):
    expected, actual = theirs.verdicts(), ours.verdicts()
    assert actual == expected
    assert len(expected) > 20
    assert sum(not kinds for _, kinds in expected.values()) > 0.8 * len(expected)


def test_as_the_interpreter(folder):
    link = folder / "bin" / os.path.basename(PYTHON)
    link.parent.mkdir()
    link.symlink_to(CHKPT_MPI)
    ours = Suite([link], AS_PYTHON, folder / "chkpt")
    theirs = Suite([PYTHON], AS_PYTHON, folder / "plain")
    assert_same_verdicts(ours, theirs)


def test_under_its_own_name(folder):
    options = ["-q", "-f", "-1", "--resume", "never", "-o", folder / "checkpoints"]
    ours = Suite([CHKPT_MPI, *options], AS_ITSELF, folder / "chkpt")
    theirs = Suite([PYTHON], AS_ITSELF, folder / "plain")
    assert_same_verdicts(ours, theirs)
