# SPDX-License-Identifier: BSD-3-Clause
"""chkpt-mpi under srun: a real Slurm of two nodes on this machine (scripts/slurm-cluster)."""
import os
import shutil
import subprocess
import time

import pytest

import harness

CLUSTER = harness.ROOT / "scripts" / "slurm-cluster"
HEAT = harness.EXAMPLES / "heat.py"
RANKS = 4


def namespaces_are_permitted():
    probe = ["unshare", "--uts", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    return os.geteuid() == 0 and subprocess.run(probe, capture_output=True).returncode == 0


@pytest.fixture
def cluster(folder):
    """The environment of a running cluster."""
    if not namespaces_are_permitted():
        pytest.skip("a Slurm cluster on one machine needs root and the right to make namespaces")
    if not shutil.which("slurmctld", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        pytest.fail("slurmctld is not installed (scripts/packages.txt)")
    # Socket paths are short: the cluster does not live in pytest's folder.
    home = harness.BIN.parent / f"slurm-{os.getpid()}"
    subprocess.run([CLUSTER, "up", home, "2"], check=True, timeout=60)
    yield {"SLURM_CONF": f"{home}/slurm.conf", "OMPI_MCA_btl_tcp_if_include": "lo",
           "OMPI_MCA_oob_tcp_if_include": "lo"}
    subprocess.run([CLUSTER, "down", home], check=True, timeout=60)
    shutil.rmtree(home)


def srun(*command):
    return ["srun", "--mpi=pmix", "-N2", f"-n{RANKS}", "--ntasks-per-node=2", *command]


def the_job_id(env):
    listing = subprocess.run(["squeue", "-h", "-o", "%A"], env={**os.environ, **env},
                             capture_output=True, text=True, timeout=20, check=True)
    return listing.stdout.split()[0]


def test_signalled_job_of_two_nodes_goes_on_where_it_was(cluster, folder, work):
    arguments = ["--steps", "1500"]
    expected = harness.reference(HEAT, RANKS, folder, arguments)
    # Each srun is a job of its own here, so the run gets a name of its own too.
    command = srun(harness.CHKPT_MPI, "-f", "-1", "--run-id", "heat", HEAT, *arguments)
    with harness.Job(command, work, env=cluster) as job:
        assert job.wait_until(lambda: (work / "heat.log").exists(), timeout_s=60)
        time.sleep(0.5)
        subprocess.run(["scancel", "--signal=USR1", the_job_id(cluster)],
                       env={**os.environ, **cluster}, check=True, timeout=20)
        first = job.wait(60)
    assert first.code == 75, first.stderr
    assert harness.newest_epoch(work) > 0
    second = harness.run(command, work, env=cluster)
    assert second.code == 0, second.stderr
    assert any("resumed from epoch" in line for line in second.messages)
    harness.assert_same_files(expected.files, harness.files(work))
