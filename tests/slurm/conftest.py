# SPDX-License-Identifier: BSD-3-Clause
"""One cluster for the whole session; every test finds it empty."""
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

# Fixtures and hooks are found by being names of this module.
from fixtures import folder, no_process_left, pytest_runtest_makereport, work  # noqa: E402, F401
import harness  # noqa: E402
import slurm  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--interruptions", type=int,
                     default=int(os.environ.get("CHKPT_TEST_INTERRUPTIONS", 2)),
                     help="how often test_endurance.py interrupts each of its jobs")
    parser.addoption("--seed", type=int,
                     default=int(os.environ.get("CHKPT_TEST_SEED", random.randrange(10**6))),
                     help="when it does (default: random, printed)")


@pytest.fixture
def interruptions(request):
    return request.config.getoption("--interruptions")


@pytest.fixture(scope="session")
def running_cluster():
    able = subprocess.run([slurm.SCRIPT, "check"], capture_output=True, text=True, timeout=30,
                          check=False)
    if able.returncode != 0:
        pytest.skip(f"no Slurm cluster on this machine: {able.stderr.strip()}")
    # Socket paths are short: the cluster does not live in pytest's folder.
    cluster = slurm.Cluster(harness.BIN.parent / f"slurm-{os.getpid()}")
    yield cluster
    cluster.down()


@pytest.fixture
def cluster(running_cluster, no_process_left):  # noqa: F811
    yield running_cluster
    running_cluster.tidy()


@pytest.fixture
def timeline():
    events = slurm.Timeline()
    yield events
    print(f"\n{events}")


@pytest.fixture
def submit(cluster, work, timeline):  # noqa: F811
    """submit(script, *sbatch options) -> BatchJob in the test's work folder."""
    def start(script, *options, **env):
        return slurm.BatchJob(cluster, work, script, options, timeline, env)
    return start


@pytest.fixture
def expected(folder):  # noqa: F811
    """expected(steps) -> the files of an unbroken run under plain python3."""
    numbers = itertools.count()
    return lambda steps, name="paced": slurm.expected_files(steps, folder / f"e{next(numbers)}",
                                                            name)
