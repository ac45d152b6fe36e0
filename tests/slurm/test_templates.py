# SPDX-License-Identifier: BSD-3-Clause
"""The batch templates of slurm/, unchanged but for the time they ask for: each is preempted and goes
on, its files are those of an unbroken run."""
import pytest

import harness
from slurm import PROGRAM, RANKS

TEMPLATES = harness.ROOT / "slurm"
STEPS = 150
# The templates' script: the argument of an array task is its number.
SCRIPT = f"""
import sys
sys.path.append({str(PROGRAM.parent)!r})
import paced
paced.main({STEPS}, 0.04, "task" + sys.argv[1] if len(sys.argv) > 1 else "paced")
"""


@pytest.fixture
def template(submit, work):
    """template(name, *options) -> BatchJob of the template as it is."""
    (work / "script.py").write_text(SCRIPT)

    def start(name, *options, **env):
        return submit((TEMPLATES / name).read_text(), "--time=10", *options, **env)
    return start


def preempt(submit, job):
    submit("#!/bin/bash\nsleep 0.5\n", "--partition=high", "--nodes=4", "--exclusive", "--time=1")
    job.wait_for_message("stopped after snapshot")
    job.wait_for_restart()


def assert_went_on(job, work, files):
    job.wait_for_end()
    assert any("resumed from epoch" in line for line in job.messages()), job.output()
    (work / "script.py").unlink()
    harness.assert_same_files(files, harness.files(work))


def started(job, work, name="paced"):
    job.wait_for(lambda: (work / f"{name}.0.log").exists())


@pytest.mark.parametrize("partition", ["low", "gentle"])
def test_job(partition, template, submit, work, timeline, expected):
    job = template("job.sbatch", f"--partition={partition}")
    started(job, work)
    preempt(submit, job)
    assert_went_on(job, work, expected(STEPS))


def test_modules(template, submit, work, timeline, expected):
    """The site's `module` command is a function that a login shell exports."""
    module = {"BASH_FUNC_module%%": "() { echo \"module $*\"; }"}
    job = template("modules.sbatch", **module)
    started(job, work)
    preempt(submit, job)
    assert "module load chkpt" in job.output()
    assert_went_on(job, work, expected(STEPS))


def test_mpirun(template, cluster, submit, work, timeline, expected):
    job = template("mpirun.sbatch", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    started(job, work)
    timeline.note("scancel --batch --signal=USR1")
    cluster.tool("scancel", "--batch", "--signal=USR1", job.id)
    job.wait_for_message("stopped after snapshot")
    job.wait_for_restart()
    assert_went_on(job, work, expected(STEPS))


def test_array(template, cluster, work, timeline, folder):
    array = template("array.sbatch", "--array=1-2")
    task = array.task(2)
    started(task, work, "task2")
    started(array.task(1), work, "task1")
    cluster.tool("scancel", "--signal=USR1", task.id)
    task.wait_for_message("stopped after snapshot")
    task.wait_for_restart()
    array.task(1).wait_for_end()
    files = {}
    for number in (1, 2):
        name = f"task{number}"
        files.update(harness.reference(PROGRAM, 1, folder / name, [str(STEPS), "0", name]).files)
    assert_went_on(task, work, files)
