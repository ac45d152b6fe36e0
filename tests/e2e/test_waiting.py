# SPDX-License-Identifier: BSD-3-Clause
"""Ranks that wait for another one are at a safe point: snapshots are committed although they cannot
come out of their calls, and a resume goes on in these calls without repeating what they have done.
"""
import time

import pytest

import harness
from harness import CHKPT_MPI, Job

SCRIPT = harness.ROOT / "tests" / "e2e" / "scripts" / "waiting.py"
RANKS = 2
RESTARTABLE = ["Sendrecv", "Sendrecv_replace", "sendrecv", "recv", "Barrier", "Allreduce", "Bcast",
               "bcast", "gather", "alltoall"]


@pytest.fixture
def go(tmp_path):
    return tmp_path / "go"


def command(call, go):
    return [CHKPT_MPI, "-f", "100", SCRIPT, call, go]


def kill_while_waiting(call, go, work):
    """Kills a run two snapshots after rank 0 has begun the wait that does not end."""
    with Job(command(call, go), work, RANKS) as job:
        assert job.wait_until((work / "waiting").exists), job.stderr()
        before = harness.newest_epoch(work)
        assert job.wait_until(lambda: harness.newest_epoch(work) >= before + 2, timeout_s=60), \
            f"no snapshot while rank 1 waits in {call}:\n{job.stderr()}"
        job.kill()


@pytest.mark.parametrize("call", RESTARTABLE)
def test_goes_on_in_the_call_it_waited_in(call, go, work, folder):
    kill_while_waiting(call, go, work)
    kill_while_waiting(call, go, work)  # of the run that was resumed in it
    go.touch()
    resumed = harness.run(command(call, go), work, RANKS)
    assert resumed.code == 0, resumed.stderr
    assert any("resumed from epoch" in line for line in resumed.messages)
    expected = harness.reference(SCRIPT, RANKS, folder, [call, go])
    harness.assert_same_files(expected.files, harness.files(work))


def test_an_event_loop_that_only_sleeps_is_woken(work):
    command = [CHKPT_MPI, "-f", "100", harness.ROOT / "tests" / "e2e" / "scripts" / "sleeping_loop.py", "3"]
    with Job(command, work, 1) as job:
        assert job.wait_until(lambda: harness.newest_epoch(work) >= 2), job.stderr()
        job.kill()
    resumed = harness.run(command, work)
    assert resumed.code == 0 and any("resumed from epoch" in line for line in resumed.messages)
    assert resumed.stdout == b"slept for 3 s\n", resumed.stderr


PROFILED = """
import cProfile
def work(): return sum(j % 7 for j in range(20000))
profile = cProfile.Profile()
profile.enable()
print(sum(work() for _ in range(100)))
"""


def test_a_profiler_is_not_held_up(work):
    (work / "profiled.py").write_text(PROFILED)
    ended = harness.run([CHKPT_MPI, "-f", "20", "profiled.py"], work, timeout_s=60)
    assert (ended.code, ended.stdout) == (0, b"5999700\n"), ended.stderr
    assert not any("no common stop" in line for line in ended.messages), ended.stderr


def test_what_would_be_seen_twice_is_not_made_again(go, work):
    with Job(command("noisy", go), work, RANKS) as job:
        assert job.wait_until((work / "waiting").exists), job.stderr()
        time.sleep(0.5)  # a snapshot of before may still be written
        before = harness.newest_epoch(work)
        time.sleep(2)
        assert harness.newest_epoch(work) == before
        go.touch()
        ended = job.wait()
    assert ended.code == 0, ended.stderr
    assert ended.stdout.count(b"pickled") == RANKS * 4


def test_a_thread_meets_the_main_threads_of_other_ranks(work):
    script = harness.ROOT / "tests" / "e2e" / "scripts" / "futures_pool.py"
    outcome = harness.run([CHKPT_MPI, "-f", "100", script], work, 3, timeout_s=90)
    assert (outcome.code, outcome.stdout.split()) == (0, [b"70210", b"3"]), outcome.stderr


POOL = """
from mpi4py.futures import MPIPoolExecutor
def task(n):
    return sum(k * k % 7 for k in range(20000 + n))
if __name__ == "__main__":
    total = 0
    with MPIPoolExecutor() as executor:
        for generation in range(30):
            total = (total * 31 + sum(executor.map(task, range(generation, generation + 6)))) % 1000003
            total += sum(k % 3 for k in range(100000))
            print(generation, total, flush=True)
"""


def test_a_pool_that_is_shared_by_all_executors_is_saved_while_it_has_no_task(work, folder):
    (work / "pool.py").write_text(POOL)
    arguments = ["-m", "mpi4py.futures", "pool.py"]
    expected = harness.run([harness.PYTHON, *arguments], work, 3)
    assert expected.code == 0, expected.stderr
    command = [CHKPT_MPI, "-f", "50", *arguments]
    for _ in range(2):
        with Job(command, work, 3) as job:
            before = harness.newest_epoch(work)
            assert job.wait_until(lambda: harness.newest_epoch(work) >= before + 2), job.stderr()
            job.kill()
    resumed = harness.run(command, work, 3)
    assert resumed.code == 0 and any("resumed from epoch" in line for line in resumed.messages), resumed.stderr
    lines = expected.stdout.splitlines()
    assert resumed.stdout.splitlines() == lines[-len(resumed.stdout.splitlines()):]


THREAD_ON_WORLD = """
import threading
from mpi4py import MPI
comm = MPI.COMM_WORLD
thread = threading.Thread(target=comm.sendrecv, args=(1, comm.rank))
thread.start()
thread.join()
print(sum(k % 7 for k in range(3000000)))
"""


def test_a_call_of_a_thread_on_the_world_ends_snapshots(work):
    outcome = harness.run([CHKPT_MPI, "-f", "20", "-c", THREAD_ON_WORLD], work)
    assert (outcome.code, outcome.stdout) == (0, b"8999994\n"), outcome.stderr
    before, _, after = outcome.stderr.partition("no more snapshots in this run after MPI_")
    assert "called from a thread" in after and "committed" not in after, before


SPAWNING = """
from mpi4py import MPI
import chkpt
program = "from mpi4py import MPI; MPI.Comm.Get_parent().Disconnect()"
child = MPI.COMM_SELF.Spawn(%r, ["-c", program], 1)
child.Disconnect()
print(chkpt.snapshot())
"""


def test_a_refusal_that_lasts_says_so(work):
    (work / "spawning.py").write_text(SPAWNING % harness.PYTHON)
    outcome = harness.run([*harness.MPIRUN, "-n", "1", CHKPT_MPI, "-f", "-1", "spawning.py"], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\n"), outcome.stderr
    assert "no more snapshots in this run after MPI_Comm_spawn at spawning.py:5" in outcome.stderr, outcome.stderr


MAKING = """
import asyncio, chkpt, selectors, socket
make, pair = selectors.DefaultSelector, socket.socketpair
def ask_with_selector():
    made = make()
    print(chkpt.snapshot())
    return made
def ask_for_sockets():
    print(chkpt.snapshot())
    return pair()
selectors.DefaultSelector, socket.socketpair = ask_with_selector, ask_for_sockets
asyncio.new_event_loop().close()
"""


def test_a_loop_that_is_being_made_is_named_so(work):
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "-c", MAKING], work)
    assert (outcome.code, outcome.stdout) == (0, b"False\nFalse\n"), outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 2 and all("event loop that is just being made" in line for line in skipped), outcome.stderr
