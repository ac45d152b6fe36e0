# SPDX-License-Identifier: BSD-3-Clause
"""Which run a job goes on with: finished jobs, arrays, several steps, jobs submitted anew."""
import harness
from slurm import assert_went_on, batch_script, chkpt

STEPS = 120


def test_finished_job_that_is_requeued_ends_at_once(cluster, submit, work, timeline, expected):
    job = submit(batch_script(chkpt(STEPS, "-f", -1, pace=0.001)))
    job.wait_for_end()
    files = harness.files(work)
    written = {path: path.stat().st_mtime_ns for path in work.glob("paced.*")}
    timeline.note("scontrol requeue")
    cluster.tool("scontrol", "requeue", job.id)
    job.wait_for_restart(state=None)
    job.wait_for_end()
    assert job.output().count("srun ended with 0") == 2
    assert "this run has ended" in job.messages()[-1]
    harness.assert_same_files(expected(STEPS), files)
    assert {path: path.stat().st_mtime_ns for path in work.glob("paced.*")} == written


def test_two_steps_of_a_job_are_two_runs(cluster, submit, work, timeline, expected):
    """The first one has ended when the job is put back: only the second one goes on."""
    script = batch_script(chkpt(STEPS, "-f", -1, pace=0.001, name="one") + " || exit",
                          chkpt(STEPS, "-f", -1, name="two"))
    job = submit(script)
    job.wait_for(lambda: (work / "two.0.log").exists())
    cluster.tool("scancel", "--signal=USR1", job.id)
    job.wait_for_restart()
    assert_went_on(job, work, {**expected(STEPS, "one"), **expected(STEPS, "two")})
    assert sum("this run has ended" in line for line in job.messages()) == 1


def test_tasks_of_an_array_are_runs_of_their_own(cluster, submit, work, timeline, expected):
    command = chkpt(STEPS, "-f", -1, pace=0.05, name="task$SLURM_ARRAY_TASK_ID")
    array = submit(batch_script(command), "--array=1-2")
    tasks = [array.task(number) for number in (1, 2)]
    for number, task in enumerate(tasks, 1):
        task.wait_for(lambda name=f"task{number}.0.log": (work / name).exists())
    cluster.tool("scancel", "--signal=USR1", tasks[0].id)
    tasks[0].wait_for_restart()
    assert_went_on(tasks[0], work, None)
    assert_went_on(tasks[1], work, {**expected(STEPS, "task1"), **expected(STEPS, "task2")},
                   restarts=0)


def test_job_submitted_anew_goes_on_with_a_named_run(cluster, submit, work, timeline, expected):
    for options in (["--run-id", "mine"], ["--output-dir", work / "checkpoints" / "here"]):
        name = options[0].strip("-")
        script = batch_script(chkpt(STEPS, "-f", -1, *options, name=name)).replace(
            "scontrol requeue", "true")
        first = submit(script)
        first.wait_for(lambda: (work / f"{name}.0.log").exists())
        cluster.tool("scancel", "--signal=USR1", first.id)
        first.wait_for_end("FAILED")
        assert first.exit_code == 75
        second = submit(script)
        second.wait_for_end()
        assert any(f"written by job {first.id}" in line for line in second.messages())
    harness.assert_same_files({**expected(STEPS, "run-id"), **expected(STEPS, "output-dir")},
                              harness.files(work))


def test_heterogeneous_job_goes_on(cluster, submit, work, timeline, expected):
    """The step's end is waited for, not the job's: srun of Slurm 22.05, whatever it started, now and
    then never returns from a heterogeneous step with PMIx (it joins an abort agent that waits on)."""
    options = "#SBATCH --requeue --open-mode=append --nodes=1 --ntasks=2\n"
    script = (f"#!/bin/bash\n{options}#SBATCH hetjob\n{options}trap : TERM\n" +
              chkpt(STEPS, "-f", -1).replace("srun ", "srun --het-group=0,1 ") +
              '\ncode=$?\necho "srun ended with $code"\nexit $code\n')
    job = submit(script)
    job.wait_for(lambda: (work / "paced.0.log").exists())
    timeline.note("scontrol requeue")
    cluster.tool("scontrol", "requeue", job.id)
    job.wait_for_restart()
    job.wait_for(lambda: (work / "paced.result").exists() and not job.steps())
    assert sum("resumed from epoch" in line for line in job.messages()) == 1
    harness.assert_same_files(expected(STEPS), harness.files(work))
