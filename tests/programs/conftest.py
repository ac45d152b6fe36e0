# SPDX-License-Identifier: BSD-3-Clause
"""Options of the tests of other people's programs."""
import os
import random

# Fixtures and hooks are found by being names of this module.
from fixtures import folder, no_process_left, pytest_runtest_makereport, work  # noqa: F401


def pytest_addoption(parser):
    kills = os.environ.get("CHKPT_TEST_KILLS")
    parser.addoption("--kills", type=int, default=int(kills) if kills else None,
                     help="how many SIGKILLs are spread over all programs "
                          "(default: one for each program of a sample)")
    parser.addoption("--seed", type=int,
                     default=int(os.environ.get("CHKPT_TEST_SEED", random.randrange(10**6))),
                     help="what is killed, and when (default: random, printed)")


def pytest_report_header(config):
    kills = config.getoption("--kills")
    return f"seed: {config.getoption('--seed')}, kills: {kills or 'one for each of a sample'}"
