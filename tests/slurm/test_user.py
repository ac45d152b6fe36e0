# SPDX-License-Identifier: BSD-3-Clause
"""A job of an ordinary user."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import harness
from slurm import BatchJob, PROGRAM, assert_went_on, batch_script, chkpt

STEPS = 120
USER = "nobody"


@pytest.fixture
def home():
    """A folder of that user's."""
    account = pwd.getpwnam(USER)
    folder = Path(tempfile.mkdtemp(prefix="chkpt-user-", dir="/tmp"))
    for path in (folder, folder / "work", folder / "output"):
        path.mkdir(exist_ok=True)
        os.chown(path, account.pw_uid, account.pw_gid)
    yield folder
    shutil.rmtree(folder)


def can_read(path):
    return subprocess.run(["setpriv", f"--reuid={USER}", "--clear-groups", "test", "-r", path],
                          check=False).returncode == 0


def test_job_of_an_ordinary_user_goes_on(cluster, home, timeline, expected):
    for path in (harness.CHKPT_MPI, PROGRAM):
        if not can_read(path):
            pytest.skip(f"{USER} may not read {path}")
    work = home / "work"
    job = BatchJob(cluster, work, batch_script(chkpt(STEPS, "-f", 300)),
                   [f"--uid={USER}", f"--gid={pwd.getpwnam(USER).pw_gid}"], timeline)
    job.wait_for_snapshots()
    cluster.tool("scontrol", "requeue", job.id)
    job.wait_for_restart()
    assert_went_on(job, work, expected(STEPS))
    assert {path.stat().st_uid for path in work.rglob("*")} == {pwd.getpwnam(USER).pw_uid}
