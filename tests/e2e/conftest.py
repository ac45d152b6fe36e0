# SPDX-License-Identifier: BSD-3-Clause
"""Options of the end-to-end tests."""
import os
import random

# Fixtures and hooks are found by being names of this module.
from fixtures import folder, no_process_left, pytest_runtest_makereport, work  # noqa: F401


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=int(os.environ.get("CHKPT_TEST_KILLS", "40")),
                     help="how many SIGKILLs test_resume.py spreads over the corpus")
    parser.addoption("--seed", type=int,
                     default=int(os.environ.get("CHKPT_TEST_SEED", random.randrange(10**6))),
                     help="what is killed, and when (default: random, printed)")


def pytest_report_header(config):
    return f"seed: {config.getoption('--seed')}, kills: {config.getoption('--kills')}"
