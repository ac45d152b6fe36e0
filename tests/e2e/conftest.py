# SPDX-License-Identifier: BSD-3-Clause
"""Options of the end-to-end tests, and the check that they leave no process behind."""
import os
import random
import shutil
import signal

import pytest

import harness


def pytest_addoption(parser):
    kills = os.environ.get("CHKPT_TEST_KILLS")
    parser.addoption("--kills", type=int, default=int(kills) if kills else None,
                     help="how many SIGKILLs test_resume.py spreads over the corpus "
                          "(default: one for each script)")
    parser.addoption("--seed", type=int,
                     default=int(os.environ.get("CHKPT_TEST_SEED", random.randrange(10**6))),
                     help="what is killed, and when (default: random, printed)")


def pytest_report_header(config):
    kills = config.getoption("--kills")
    return f"seed: {config.getoption('--seed')}, kills: {kills or 'one for each script'}"


@pytest.fixture
def folder(tmp_path):
    """A test's own folder, removed when it passes; scripts run in folder/'work'."""
    (tmp_path / "work").mkdir()
    yield tmp_path


@pytest.fixture
def work(folder):
    return folder / "work"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.passed and "tmp_path" in item.funcargs:
        shutil.rmtree(item.funcargs["tmp_path"], ignore_errors=True)


@pytest.fixture(autouse=True)
def no_process_left():
    """Fails a test that leaves a process behind, and ends the process."""
    before = {pid for pid, _ in harness.marked_processes()}
    yield
    left = {pid for pid, _ in harness.marked_processes()} - before
    text = harness.describe(left)
    for pid in left:
        harness.send(pid, signal.SIGKILL)
    assert not left, f"processes left behind:\n{text}"
