# SPDX-License-Identifier: BSD-3-Clause
"""Starts that cannot work and say so in one line, and the options that talk to Slurm."""
from pathlib import Path

import pytest

import harness
from slurm import PROGRAM, RANKS, TIMEOUT_S, batch_script, chkpt

STEPS = 120


@pytest.fixture
def srun(cluster, work):
    """srun(*words) -> Outcome of four tasks on two nodes."""
    def run(*words, mpi="pmix", **env):
        outside = {"OMPI_MCA_btl_vader_backing_directory": "/dev/shm", "TMPDIR": "/tmp"}
        return harness.run(["srun", f"--mpi={mpi}", "-N2", f"-n{RANKS}", "--ntasks-per-node=2",
                            *words], work, env={**cluster.env, **outside, **env}, timeout_s=TIMEOUT_S)
    return run


@pytest.mark.parametrize("mpi", ["none", "pmi2"])
def test_tasks_that_do_not_find_each_other_are_told(mpi, srun):
    outcome = srun(harness.CHKPT_MPI, PROGRAM, "5", "0", mpi=mpi)
    assert outcome.code != 0
    assert any("try srun --mpi=pmix" in line for line in outcome.messages), outcome.stderr


def test_directory_that_the_nodes_do_not_share_is_named(srun, work):
    outcome = srun(harness.CHKPT_MPI, "-o", "/dev/shm/own/run", PROGRAM, "5", "0")
    assert outcome.code == 2, outcome.stderr
    assert [line for line in outcome.messages if "is not shared by all nodes: n2 does not see what "
            "n1 writes there" in line], outcome.stderr
    assert not harness.files(work)


def test_different_programs_on_the_nodes_are_named(srun, work):
    program = Path(harness.CHKPT_MPI).read_bytes()
    version = harness.run([harness.CHKPT_MPI, "--version"], work).stdout.split()[1]
    other = work.parent / "other"
    other.write_bytes(program.replace(version, b"9" + version[1:]))
    either = work.parent / "either"
    either.write_text(f'#!/bin/sh\n[ "$(hostname)" != n2 ] || exec {other} "$@"\n'
                      f'exec {harness.CHKPT_MPI} "$@"\n')
    for path in (other, either):
        path.chmod(0o755)
    outcome = srun(either, PROGRAM, "5", "0")
    assert outcome.code == 2, outcome.stderr
    assert any("different programs were started: chkpt 0" in line and "chkpt 9" in line
               and line.endswith("on n2") for line in outcome.messages), outcome.stderr
    assert not harness.files(work)


def test_a_trial_runs_inside_a_step(srun):
    outcome = srun(harness.CHKPT_MPI, "-f", "50", "--trial-after", "0", PROGRAM, "20", "0.05")
    assert outcome.code == 0, outcome.stderr
    assert sum("as a trial" in line for line in outcome.messages) == 1, outcome.stderr
    assert any("trial" in line and "it has what the script had" in line for line in outcome.messages)


def test_single_process_in_a_job_of_several_tasks_is_noticed(submit, work):
    job = submit(f"#!/bin/bash\n#SBATCH --nodes=2 --ntasks=4\nchkpt-mpi {PROGRAM} 5 0\n")
    job.wait_for_end()
    assert sum("this job has 4 tasks" in line for line in job.messages()) == 1
    assert "paced.0.log" in harness.files(work)


def test_early_stop_is_never_reported_as_success(cluster, submit, work):
    job = submit(batch_script(chkpt(STEPS, "-f", -1)).replace("scontrol requeue", "true"))
    job.wait_for(lambda: (work / "paced.0.log").exists())
    cluster.tool("scancel", "--signal=USR1", job.id)
    job.wait_for_end("FAILED")
    assert job.exit_code == 75


def test_comment_tells_of_the_last_snapshot(cluster, submit, work):
    job = submit(batch_script(chkpt(STEPS, "-f", 1000, "--slurm-comment")))
    job.wait_for(lambda: "Comment" in job.facts())
    text = cluster.tool("squeue", "-h", "-o", "%k", "-j", job.id)
    assert text.startswith("epoch ") and text.endswith("kB"), text


def test_requeue_that_is_refused_says_why(cluster, submit, work):
    job = submit(batch_script(chkpt(STEPS, "-f", -1, "--requeue")).replace(
        "--requeue --open", "--no-requeue --open").replace('|| scontrol requeue', "|| true"))
    job.wait_for(lambda: (work / "paced.0.log").exists())
    cluster.tool("scancel", "--signal=USR1", job.id)
    job.wait_for_end("FAILED")
    assert job.exit_code == 75
    assert any(f"Slurm does not put job {job.id} back: " in line for line in job.messages())
