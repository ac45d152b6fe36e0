# SPDX-License-Identifier: BSD-3-Clause
"""What makes a snapshot: interval, signals, the request file, chkpt.snapshot(); and who may resume."""
import signal
import time

import pytest
import xxhash

import harness
from harness import CHKPT_MPI, EXAMPLES, PYTHON, Job

SCRIPTS = harness.ROOT / "tests" / "e2e" / "scripts"
PROGRAMS = {1: [SCRIPTS / "counting.py", "20000"], 2: [SCRIPTS / "swapping.py", "7000"]}
PACKAGE = {"PYTHONPATH": str(harness.ROOT / "lib" / "python"), "CHKPT_MPI": CHKPT_MPI}


def expected_files(ranks, folder):
    script, *arguments = PROGRAMS[ranks]
    return harness.reference(script, ranks, folder, arguments).files


def run_has_begun(work):
    """A log line or a run directory: the script runs, its triggers are armed."""
    return any(work.glob("checkpoints/*/GENERATION*"))


@pytest.mark.parametrize("ranks", PROGRAMS)
@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2", "SIGTERM"])
def test_signal_takes_a_snapshot_and_stops_with_75(name, ranks, work, folder):
    command = [CHKPT_MPI, "-f", "-1", *PROGRAMS[ranks]]
    with Job(command, work, ranks) as job:
        assert job.wait_until(lambda: run_has_begun(work) and len(job.rank_pids()) == ranks)
        time.sleep(1.0)
        harness.send(job.rank_pids()[0], getattr(signal, name))
        stopped = job.wait()
    assert stopped.code == 75, stopped.stderr
    assert sum("stopped after snapshot" in line for line in stopped.messages) == 1
    assert len(harness.snapshots(work)) == 1
    resumed = harness.run(command, work, ranks)
    assert resumed.code == 0, resumed.stderr
    assert any("resumed from epoch" in line for line in resumed.messages)
    harness.assert_same_files(expected_files(ranks, folder), harness.files(work))


# Loading a timedelta back takes its time.
SLOW = """
import chkpt, copyreg, datetime, time
def wait(seconds):
    __import__("time").sleep(seconds)
    return __import__("datetime").timedelta(1)
copyreg.pickle(datetime.timedelta, lambda day: (wait, ({seconds},)))
day = datetime.timedelta(1)
chkpt.snapshot()
for _ in range(600): time.sleep(0.1)
"""


@pytest.mark.parametrize("option, seconds", [("--verify-snapshots", 2), ("--trial-after=0", 40)])
def test_signal_to_all_processes_while_a_snapshot_is_loaded_back(option, seconds, work):
    """As Slurm sends it to a step: the loading child goes on, or is given up, but is no failure."""
    (work / "slow.py").write_text(SLOW.format(seconds=seconds))
    command = [CHKPT_MPI, "-f", "-1", option, "slow.py"]
    with Job(command, work) as job:
        assert job.wait_until(lambda: len(job.rank_pids()) == 2)
        time.sleep(1.0)
        for pid in job.pids():
            harness.send(pid, signal.SIGTERM)
        stopped = job.wait(30)
    assert stopped.code == 75, stopped.stderr
    assert "crashed" not in stopped.stderr and "skipped" not in stopped.stderr
    assert len(harness.snapshots(work)) == 2


def test_second_signal_and_request_file_say_who_blocks(work):
    go = work / "go"
    command = [CHKPT_MPI, "-f", "-1", SCRIPTS / "blocking.py", go]

    def said(times):
        return job.stderr().count("no common stop after") == times

    with Job(command, work, 2) as job:
        assert job.wait_until(lambda: run_has_begun(work) and len(job.rank_pids()) == 2)
        time.sleep(1.0)
        harness.send(job.rank_pids()[0], signal.SIGUSR2)
        time.sleep(0.5)
        assert said(0), job.stderr()
        harness.send(job.rank_pids()[0], signal.SIGUSR2)
        assert job.wait_until(lambda: said(1)), job.stderr()
        (next(work.glob("checkpoints/*/GENERATION*")).parent / "REQUEST").touch()
        assert job.wait_until(lambda: said(2)), job.stderr()
        go.touch()
        stopped = job.wait()
    assert stopped.code == 75, stopped.stderr
    line = next(line for line in stopped.messages if "no common stop after" in line)
    assert "rank 0: in MPI_Barrier" in line and "rank 1: running (inside re.Pattern.sub" in line
    assert "blocking.py:18" in line, line
    resumed = harness.run(command, work, 2)
    assert resumed.code == 0 and b"end of rank 1" in resumed.stdout, resumed.stderr


def test_what_defers_is_named_with_its_line(work):
    done = harness.run([CHKPT_MPI, "-f", "50", SCRIPTS / "deferring.py", "2.0"], work, 2)
    assert done.code == 0, done.stderr
    skipped = [line for line in done.messages if "snapshot skipped" in line and "MPI_Win_" in line]
    assert skipped and "(MPI_Win_lock at deferring.py:17 in hold) on rank" in skipped[0], done.stderr
    assert any("committed" in line for line in done.messages), done.stderr


def test_a_file_that_no_object_stands_for_is_refused(work):
    done = harness.run([CHKPT_MPI, "-f", "50", SCRIPTS / "dropped_file.py"], work, 2)
    assert done.code == 0, done.stderr
    refused = "dropped.bin, which no MPI.File object stands for"
    assert any("skipped" in line and refused in line for line in done.messages), done.stderr
    assert "committed" not in done.messages[-1], done.stderr


@pytest.mark.parametrize("ranks", PROGRAMS)
def test_request_file(ranks, work, folder):
    command = [CHKPT_MPI, "-f", "-1", *PROGRAMS[ranks]]
    with Job(command, work, ranks) as job:
        assert job.wait_until(lambda: run_has_begun(work) and len(job.rank_pids()) == ranks)
        time.sleep(0.5)
        assert not harness.snapshots(work)
        request = next(work.glob("checkpoints/*/GENERATION*")).parent / "REQUEST"
        request.touch()
        assert job.wait_until(lambda: harness.snapshots(work)), job.stderr()
        assert job.wait_until(lambda: not request.exists()), "REQUEST is still there"
    resumed = harness.run(command, work, ranks)
    assert resumed.code == 0, resumed.stderr
    assert any("resumed from epoch" in line for line in resumed.messages)
    harness.assert_same_files(expected_files(ranks, folder), harness.files(work))


def test_a_run_that_has_ended_starts_afresh(work):
    command = [CHKPT_MPI, "-f", "30", SCRIPTS / "counting.py", "5000"]
    first = harness.run(command, work)
    result = (work / "result.txt").read_bytes()
    (work / "result.txt").unlink()
    second = harness.run(command, work)
    assert (first.code, second.code) == (0, 0), second.stderr
    assert not any("resumed from" in line for line in second.messages)
    assert (work / "result.txt").read_bytes() == result


def refused(outcome, *words):
    """Usage: exit code 2 and exactly one line, which names what is wrong."""
    assert outcome.code == 2, outcome.stderr
    assert len(outcome.messages) == 1, outcome.stderr
    for word in words:
        assert word in outcome.messages[0], outcome.messages[0]
    return True


def options(directory):
    return [CHKPT_MPI, "-f", "30", "-o", f"checkpoints/{directory}"]


def test_another_rank_count_is_refused(work):
    command = [*options("x"), *PROGRAMS[2]]
    harness.run_until_snapshots(command, work, ranks=2, committed=1)
    with_one = harness.run(command, work, ranks=1)
    assert refused(with_one, "2 ranks", "1")
    assert not list(work.glob("result*"))


def test_another_script_or_other_arguments_are_refused(work):
    harness.run_until_snapshots([*options("x"), *PROGRAMS[1]], work, committed=1)
    assert refused(harness.run([*options("x"), SCRIPTS / "growing.py"], work), "another script")
    assert refused(harness.run([*options("x"), SCRIPTS / "counting.py", "7"], work), "counting.py")
    assert not list(work.glob("result*"))


def test_another_python_is_refused(work):
    command = [*options("x"), *PROGRAMS[1]]
    harness.run_until_snapshots(command, work, committed=1)
    for snapshot in harness.snapshots(work):
        manifest = snapshot / "MANIFEST"
        body = manifest.read_bytes().rpartition(b"end ")[0]
        lines = [b"fact python 3.10.0 (elsewhere)" if line.startswith(b"fact python ") else line
                 for line in body.split(b"\n")]
        body = b"\n".join(lines)
        with harness.writable(manifest):
            manifest.write_bytes(body + b"end " + xxhash.xxh3_128_hexdigest(body).encode() + b"\n")
    assert refused(harness.run(command, work), "3.10.0")
    assert not list(work.glob("result*"))


@pytest.mark.parametrize("start", [[CHKPT_MPI], [PYTHON, "-m", "chkpt"]], ids=["chkpt-mpi", "-m chkpt"])
def test_the_example_of_the_original_tool(start, work):
    script = EXAMPLES / "example.py"
    plain = harness.run([PYTHON, script], work, env=PACKAGE)
    assert plain.code == 0, plain.stderr
    command = [*start, "-z", "-1", "-f", "-1", "-v", script]
    with Job(command, work, env=PACKAGE) as job:
        assert job.wait_until(lambda: harness.newest_epoch(work) >= 3), job.stderr()
        job.kill()
        killed = job.outcome(None)
    resumed = harness.run(command, work, env=PACKAGE)
    assert resumed.code == 0, resumed.stderr
    assert any("resumed from" in line for line in resumed.messages)
    assert b"iteration 0:" not in resumed.stdout
    harness.assert_continues([killed.stdout, resumed.stdout], plain.stdout)


def test_tracked_mode_starts_from_the_top_with_contents_restored(work):
    script = EXAMPLES / "example.py"
    plain = harness.run([PYTHON, script], work, env=PACKAGE)
    command = [CHKPT_MPI, "--mode", "tracked", "-z", "-1", "-f", "-1", script]
    with Job(command, work, env=PACKAGE) as job:
        assert job.wait_until(lambda: harness.newest_epoch(work) >= 3), job.stderr()
    resumed = harness.run(command, work, env=PACKAGE)
    assert resumed.code == 0, resumed.stderr
    assert b"iteration 0:" not in resumed.stdout
    assert resumed.stdout.splitlines()[-1] == plain.stdout.splitlines()[-1]


def test_no_snapshot_block_delays_what_was_asked_for_inside(work):
    outcome = harness.run([CHKPT_MPI, "-f", "200", SCRIPTS / "held.py"], work)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout == b"held: 0 free: True\n", outcome.stderr
