# SPDX-License-Identifier: BSD-3-Clause
"""Jobs that are put back into the queue by preemption, by hand, or told to save and stop."""
import pytest

from slurm import assert_went_on, batch_script, chkpt

STEPS = 200


@pytest.mark.parametrize("partition", ["low", "gentle"])
def test_preempted_job_goes_on_where_it_was(partition, submit, work, timeline, expected):
    job = submit(batch_script(chkpt(STEPS, "-f", -1)), f"--partition={partition}")
    job.wait_for(lambda: (work / "paced.0.log").exists())
    job.wait_for(lambda: (work / "paced.0.log").read_text().count("\n") > 20)
    urgent = submit("#!/bin/bash\nsleep 0.5\n", "--partition=high", "--nodes=4", "--exclusive")
    job.wait_for_restart()
    assert urgent.state == "COMPLETED"
    assert "srun ended with 75" in job.output()
    assert_went_on(job, work, expected(STEPS))


def test_job_requeued_from_outside_goes_on(cluster, submit, work, timeline, expected):
    job = submit(batch_script(chkpt(STEPS, "-f", 500)))
    job.wait_for_snapshots()
    timeline.note("scontrol requeue")
    cluster.tool("scontrol", "requeue", job.id)
    job.wait_for_restart()
    assert_went_on(job, work, expected(STEPS))


def test_scancel_with_a_signal_takes_a_snapshot_now(cluster, submit, work, timeline, expected):
    job = submit(batch_script(chkpt(STEPS, "-f", -1)))
    job.wait_for(lambda: (work / "paced.0.log").exists())
    timeline.note("scancel --signal=USR1")
    cluster.tool("scancel", "--signal=USR1", job.id)
    job.wait_for_restart()
    assert "srun ended with 75" in job.output()
    assert_went_on(job, work, expected(STEPS))
