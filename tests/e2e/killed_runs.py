# SPDX-License-Identifier: BSD-3-Clause
"""Runs that are killed at random moments, resumed, and compared with the unbroken run."""
import random
import time

import harness
from harness import CHKPT_MPI, Job

ATTEMPTS = 5
LONGEST_DELAY_S = 0.12  # from a snapshot to the kill
FEWEST_MS = 2           # between snapshots of a run that is killed again and again
LAST_INTERVAL_MS = 300  # of the incarnation that is left to end: most of the time goes into it


def run_and_kill(command, work, ranks, rng, commits, haste=1):
    """Starts the command, kills it some time after its `commits`-th new snapshot.

    Returns (outcome, killed): a command that was quicker than that has ended by itself.
    """
    first = harness.newest_epoch(work)
    with Job(command, work, ranks) as job:
        reached = job.wait_until(lambda: harness.newest_epoch(work) >= first + commits)
        if reached:
            time.sleep(rng.uniform(0, LONGEST_DELAY_S / haste))
        if not reached or not job.running():
            return job.wait(), False
        if rng.random() < 0.8:
            job.kill()
        else:                             # one rank only: the launcher ends the others
            for pid in job.rank_pids()[:1]:
                harness.send(pid, 9)
            if ranks == 1:
                job.kill()
            else:
                job.wait()
        return job.outcome(None), True


def killed_run(script, ranks, kills, rng, work, intervals, haste=1):
    """All incarnations of a run that is killed `kills` times and then left to end.

    None if it ended before it could be killed for the first time. `haste` shortens the time to that.
    """
    command = [CHKPT_MPI, "-f", str(max(1, rng.choice(intervals) // haste)), script]
    incarnations = []
    for number in range(kills):
        outcome, killed = run_and_kill(command, work, ranks, rng, rng.choice([1, 1, 2, 3]), haste)
        incarnations.append(outcome)
        if not killed:
            return incarnations if number else None
        if harness.has_ended(work):  # the signal came between the script's end and the process's
            return None
    to_its_end = [CHKPT_MPI, "-f", str(LAST_INTERVAL_MS), script]
    incarnations.append(harness.run(to_its_end, work, ranks))
    return incarnations


def killed_at_last(script, ranks, kills, seed, folder, intervals=(10, 25, 60)):
    """(incarnations, folder of the work) of the first attempt that was in time to kill the run.

    A machine may be too fast for the first one, so each attempt is twice as quick as that before.
    """
    for attempt in range(ATTEMPTS):
        rng = random.Random(seed + attempt)
        work = folder / f"work-{attempt}"
        work.mkdir()
        incarnations = killed_run(script, ranks, kills, rng, work, intervals, 2**attempt)
        if incarnations:
            return incarnations, work
    assert harness.newest_epoch(work) >= 0, f"no snapshot of {script} was ever committed"
    raise AssertionError(f"{script} always ended before it could be killed")


def killed_until_it_ends(script, ranks, kills, expected_s, rng, work):
    """All incarnations of a run that is killed after the first new snapshot of each, until it ends.

    They are spread over the time that the unbroken run takes, so that they are about `kills`.
    """
    incarnations = []
    while len(incarnations) < 3 * kills:
        interval = max(FEWEST_MS, round(1000 * expected_s / kills * rng.uniform(0.1, 1.5)))
        command = [CHKPT_MPI, "-f", str(interval), script]
        outcome, killed = run_and_kill(command, work, ranks, rng, 1, haste=rng.choice([4, 20, 100]))
        if killed and harness.has_ended(work):
            return None  # the signal came between the script's end and the process's
        incarnations.append(outcome)
        if not killed:
            return incarnations
    incarnations.append(harness.run(command, work, ranks))
    return incarnations


def killed_often(script, ranks, kills, expected_s, seed, folder):
    """[(incarnations, folder of the work)] of as many runs as it takes to be killed so often.

    Fewer kills after some runs are no failure here: a script may pass by few places where a snapshot
    can be taken.
    """
    runs = []
    missing = kills
    for attempt in range(ATTEMPTS):
        work = folder / f"work-{attempt}"
        work.mkdir()
        rng = random.Random(seed + attempt)
        incarnations = killed_until_it_ends(script, ranks, missing, expected_s / 2**attempt, rng, work)
        if incarnations:
            runs.append((incarnations, work))
            missing -= len(incarnations) - 1
        if missing <= 0:
            break
    return runs


def assert_as_unbroken(incarnations, work, expected, ranks):
    """Every later incarnation has resumed, and together they did what the unbroken run did."""
    last = incarnations[-1]
    for outcome in incarnations[1:]:
        if outcome.code is not None:
            assert any("resumed from" in line for line in outcome.messages), outcome.stderr
    assert last.code == expected.outcome.code, harness.tail(last.stderr)
    harness.assert_same_files(expected.files, harness.files(work))
    if ranks == 1:
        harness.assert_continues([o.stdout for o in incarnations], expected.outcome.stdout)
        harness.assert_continues([o.script_stderr for o in incarnations], expected.outcome.stderr)
    else:
        assert expected.outcome.stdout.endswith(last.stdout)
