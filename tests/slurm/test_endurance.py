# SPDX-License-Identifier: BSD-3-Clause
"""One job that is interrupted again and again at random moments, by preemption or by power cuts.

CI interrupts it a few times; `pytest tests/slurm/test_endurance.py --interruptions 100` for long runs.
"""
import random
import time

import pytest

from slurm import TIMEOUT_S, assert_went_on, batch_script, chkpt

STEPS_EACH = 80  # a job that is interrupted more often has more to do
PACE_S = 0.02


@pytest.fixture
def moments(request):
    seed = request.config.getoption("--seed")
    print(f"\nseed {seed}")
    return random.Random(seed)


def start(submit, interruptions):
    steps = STEPS_EACH * (interruptions + 2)
    return steps, submit(batch_script(chkpt(steps, "-f", 300, pace=PACE_S)))


def let_it_work(job, start_number, moments):
    """Until this start has resumed or committed something, and then a moment longer."""
    said = "resumed from epoch" if start_number else " committed: "
    job.wait_for_message(said, max(start_number, 1))
    job.follow()
    time.sleep(moments.uniform(0, 1.5))


def test_preempted_again_and_again(interruptions, moments, submit, work, expected):
    steps, job = start(submit, interruptions)
    for number in range(interruptions):
        let_it_work(job, number, moments)
        if job.state == "COMPLETED":
            pytest.fail(f"the job was over after {number} preemptions")
        urgent = submit("#!/bin/bash\nsleep 0.1\n", "--partition=high", "--nodes=4", "--exclusive")
        job.wait_for_restart(number + 1)
        assert urgent.state == "COMPLETED"
    assert_went_on(job, work, expected(steps), restarts=interruptions, timeout_s=TIMEOUT_S + steps / 10)


def test_power_cut_again_and_again(interruptions, moments, cluster, submit, work, timeline, expected):
    steps, job = start(submit, interruptions)
    for number in range(interruptions):
        let_it_work(job, number, moments)
        victim = moments.choice(job.nodes())
        timeline.note(f"power cut of {victim}")
        cluster.node(victim, "kill")
        job.wait_for_restart(number + 1)
        cluster.node(victim, "start")
    assert_went_on(job, work, expected(steps), restarts=interruptions, timeout_s=TIMEOUT_S + steps / 10)
