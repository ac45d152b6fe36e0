# SPDX-License-Identifier: BSD-3-Clause
"""mpi4py's own tests and demonstrations give the same with chkpt-mpi as with python3: with a snapshot
every 50 ms, and killed and resumed.

Debian has neither in any binary package. CHKPT_MPI4PY_SOURCE names a folder with mpi4py's source of
the installed version (`apt-get source mpi4py`); without it everything here is skipped.
CHKPT_MPI4PY_RANKS lists rank counts ("1 2 4"; default 2), CHKPT_MPI4PY_TESTS test modules (default:
the quick ones; "all" takes an hour).
"""
import json
import os
import random
import time
from pathlib import Path

import pytest

import harness
from harness import CHKPT_MPI, PYTHON, Job

SOURCE = Path(os.environ.get("CHKPT_MPI4PY_SOURCE", "/nonexistent"))
SCRIPT = harness.ROOT / "tests" / "e2e" / "scripts" / "unittest_verdicts.py"
RANKS = [int(word) for word in os.environ.get("CHKPT_MPI4PY_RANKS", "2").split()]
QUICK = """test_attributes test_cco_ngh_obj test_cco_obj test_cco_obj_inter test_comm test_comm_inter
    test_comm_topo test_errhandler test_exceptions test_file test_grequest test_group test_info
    test_msgzero test_objmodel test_op test_p2p_obj test_p2p_obj_matched test_request test_status
    test_subclass test_util_pkl5 test_win""".split()
DEMOS = ["reductions/test_reductions", "sequential/test_seq", "mpi-ref-v1/ex-2.01", "mpi-ref-v1/ex-2.08",
         "mpi-ref-v1/ex-2.16", "mpi-ref-v1/ex-2.29", "mpi-ref-v1/ex-2.32", "mpi-ref-v1/ex-2.34",
         "mpi-ref-v1/ex-2.35", "mpi-ref-v1/ex-3.01", "mpi-ref-v1/ex-3.02", "mpi-ref-v1/ex-3.03"]
TIMEOUT_S = 600

pytestmark = pytest.mark.skipif(
    not (SOURCE / "test" / "mpiunittest.py").exists(),
    reason="CHKPT_MPI4PY_SOURCE does not name a folder with mpi4py's source: its tests are not run")


def chosen():
    names = os.environ.get("CHKPT_MPI4PY_TESTS", "").split()
    if names == ["all"]:
        return sorted(path.stem for path in (SOURCE / "test").glob("test_*.py"))
    return names or QUICK


def command(module, *options):
    return [CHKPT_MPI, *options, SCRIPT, SOURCE / "test", module]


def verdicts(work, ranks):
    return [json.loads((work / f"verdicts-{rank}.json").read_bytes()) for rank in range(ranks)]


@pytest.fixture(params=[(module, ranks) for module in chosen() for ranks in RANKS],
                ids=lambda case: f"{case[0]}-{case[1]}ranks")
def case(request, folder):
    """A test module, how many ranks, and what python3 says of it."""
    module, ranks = request.param
    plain = folder / "reference"
    plain.mkdir()
    outcome = harness.run([PYTHON, SCRIPT, SOURCE / "test", module], plain, ranks, None, TIMEOUT_S)
    assert outcome.code == 0, outcome.stderr
    return module, ranks, verdicts(plain, ranks)


def test_with_snapshots(case, work):
    module, ranks, expected = case
    outcome = harness.run(command(module, "-f", "50"), work, ranks, None, TIMEOUT_S)
    assert outcome.code == 0, outcome.stderr
    assert verdicts(work, ranks) == expected, outcome.script_stderr


def test_killed_and_resumed(case, work, request):
    module, ranks, expected = case
    rng = random.Random(request.config.getoption("--seed"))
    resumed = 0
    for _ in range(2):
        with Job(command(module, "-f", "50"), work, ranks) as job:
            before = harness.newest_epoch(work)
            committed = job.wait_until(lambda: harness.newest_epoch(work) > before, TIMEOUT_S)
            if committed:
                time.sleep(rng.random() * 0.3)
            job.kill()
            resumed += "resumed from" in job.stderr()
        if harness.has_ended(work) or not committed:
            break
    if not harness.has_ended(work):
        outcome = harness.run(command(module, "-f", "50"), work, ranks, None, TIMEOUT_S)
        assert outcome.code == 0, outcome.stderr
        resumed += "resumed from" in outcome.stderr
    assert verdicts(work, ranks) == expected
    print(f"{module} on {ranks} ranks: {resumed} resumes")


def with_output_of_each_rank(command):
    """mpirun would mix the lines of several ranks."""
    rank = "${OMPI_COMM_WORLD_RANK-$PMI_RANK}"
    return ["sh", "-c", f'exec "$@" > out.{rank}', "sh", *command]


@pytest.mark.parametrize("demo", DEMOS)
def test_demonstration(demo, folder, work):
    script = SOURCE / "demo" / f"{demo}.py"
    plain = folder / "plain"
    plain.mkdir()
    expected = harness.run(with_output_of_each_rank([PYTHON, script]), plain, 2)
    command = [CHKPT_MPI, "--stdout", "out.%r", "-f"]
    with Job([*command, "0", script], work, 2) as job:
        job.wait_until(lambda: harness.newest_epoch(work) >= 1 or harness.has_ended(work))
        job.kill()
    if not harness.has_ended(work):
        outcome = harness.run([*command, "-1", script], work, 2)
        assert outcome.code == expected.code, outcome.stderr
    harness.assert_same_files(harness.files(plain), harness.files(work))
