# SPDX-License-Identifier: BSD-3-Clause
"""Folders for a test's scripts, and the check that they leave no process behind."""
import shutil
import signal

import pytest

import harness


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
