# SPDX-License-Identifier: BSD-3-Clause
"""Runs scripts in the launch driver and reads what it noted."""
import os
import subprocess
import textwrap
from collections import namedtuple

import pytest

DRIVER = os.environ["LAUNCH_DRIVER"]
Driven = namedtuple("Driven", "code out err log")


@pytest.fixture
def drive(tmp_path):
    def run(text, *options, mode="continue", name="script.py", words=None, **variables):
        (tmp_path / name).write_text(textwrap.dedent(text))
        log = tmp_path / "log"
        log.write_text("")
        env = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
        env |= {"DRIVER_LOG": str(log), "DRIVER_MODE": mode, **variables}
        done = subprocess.run(
            [DRIVER, *options, *(words or [name])], cwd=tmp_path, env=env, text=True, timeout=60,
            capture_output=True, input=textwrap.dedent(text))
        lines = [line for line in log.read_text().splitlines() if not line.startswith("seed")]
        return Driven(done.returncode, done.stdout, done.stderr, lines)

    return run
