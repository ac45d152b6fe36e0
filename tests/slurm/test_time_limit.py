# SPDX-License-Identifier: BSD-3-Clause
"""Jobs that run into their time limit: Slurm looks every 30 seconds, and its shortest limit is a
minute, so these are the slowest tests here."""
from slurm import assert_went_on, batch_script, chkpt

STEPS = 700  # 35 seconds and more


def test_time_limit_with_and_without_a_signal(cluster, submit, work, timeline, expected):
    """Two jobs side by side: one is told by chkpt's own plan, the other one by Slurm's signal."""
    plain = ('code=$?\necho "srun ended with $code"\nexit $code\n')
    head = "#!/bin/bash\n#SBATCH --requeue --open-mode=append --nodes=2 --ntasks-per-node=2 -t 1\n"
    planned = submit(head + chkpt(STEPS, "-f", 5000, "-v", "--requeue", pace=0.05, name="planned") +
                     "\n" + plain)
    signalled = submit(batch_script(chkpt(STEPS, "-f", -1, "--deadline-margin", "none", pace=0.05,
                                          name="signalled"), options="-t 1\n--signal=USR1@20"))
    for job in (planned, signalled):
        job.wait_for_message("stopped after snapshot")
        job.wait_for_restart()
    assert any("last snapshot at" in line for line in planned.messages())
    assert any("taking the last snapshot" in line for line in planned.messages())
    assert any(f"put job {planned.id} back" in line for line in planned.messages())
    files = {**expected(STEPS, "planned"), **expected(STEPS, "signalled")}
    assert_went_on(planned, work, None, restarts=None)
    assert_went_on(signalled, work, files, restarts=None)
