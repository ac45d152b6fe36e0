# SPDX-License-Identifier: BSD-3-Clause
"""Options of the end-to-end tests."""
import os
import random

# Fixtures and hooks are found by being names of this module.
from fixtures import folder, no_process_left, pytest_runtest_makereport, work  # noqa: F401


def pytest_addoption(parser):
    kills = os.environ.get("CHKPT_TEST_KILLS")
    parser.addoption("--kills", type=int, default=int(kills) if kills else None,
                     help="how many SIGKILLs test_resume.py spreads over the corpus "
                          "(default: one for every second script, drawn at random)")
    parser.addoption("--kills-of-each", type=int,
                     help="how many SIGKILLs each script gets at each of its rank counts")
    parser.addoption("--seed", type=int,
                     default=int(os.environ.get("CHKPT_TEST_SEED", random.randrange(10**6))),
                     help="what is killed, and when (default: random, printed)")


def pytest_report_header(config):
    kills = config.getoption("--kills")
    each = config.getoption("--kills-of-each")
    return (f"seed: {config.getoption('--seed')}, kills: "
            f"{f'{each} of each script' if each else kills or 'one for every second script'}")
