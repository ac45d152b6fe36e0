# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots that are written while the script runs: what it may see of that, and what a kill leaves."""
import re
import subprocess

import pytest

import harness
from harness import CHKPT_MPI, Job

ARRAY = "import numpy; state = numpy.arange(8_000_000.0)\n"

NUMBERS = ARRAY + """
import os, time
seen, end = set(), time.monotonic() + 3
while time.monotonic() < end:
    number = os.open("/dev/null", os.O_RDONLY)
    seen.add(number)
    os.close(number)
print(sorted(seen))
"""

# A reader sees the end of a pipe only when nobody holds its other end open.
PIPES = ARRAY + """
import os, time
end, count = time.monotonic() + 3, 0
while time.monotonic() < end:
    ends = os.pipe()
    os.write(ends[1], b"x")
    os.close(ends[1])
    assert os.read(ends[0], 2) == b"x" and os.read(ends[0], 1) == b""
    os.close(ends[0])
    count += 1
print(count > 100)
"""

# As daemons do.
CLOSING = ARRAY + """
import os, time
os.closerange(3, 10_000)
for number in range(3, 10_000):
    try: os.close(number)
    except OSError: pass
file = open("log.txt", "w")
end = time.monotonic() + 5
while time.monotonic() < end:
    time.sleep(0.1)
print(file.fileno(), file=file)
file.close()
print(os.popen("echo popen").read(), end="")
"""

KILLED = ARRAY + """
import os, sys, time
log = open("log.txt", "a")
for i in range(6):
    print(i, state[i], file=log, flush=True)
    os.rename("log.txt", "other.txt") if i % 2 else os.path.exists("other.txt") and os.rename("other.txt", "log.txt")
    if i < 5 and "chkpt" in sys.argv:
        import chkpt
        if not chkpt.snapshot(wait=i % 2 == 0) and i % 2:
            # While it is being written, or just after.
            time.sleep(os.urandom(1)[0] / 1000 * float(open("../patience").read()))
            os.kill(os.getpid(), 9)
    state += 1
"""

FAILING = ARRAY + """
import sys, chkpt
resumed = chkpt.snapshot(wait=False)
print("resumed" if resumed else "begun", flush=True)
if not resumed:
    raise SystemExit(3)
"""

NO_OWN_TABLE = """
#include <errno.h>
int unshare(int flags) { (void)flags; errno = EPERM; return -1; }
"""


def written(work, source):
    (work / "script.py").write_text(source)
    return "script.py"


@pytest.mark.parametrize("source", [NUMBERS, PIPES, CLOSING], ids=["numbers", "pipes", "closing"])
def test_the_script_has_its_descriptors_to_itself(source, work):
    script = written(work, source)
    expected = harness.run([harness.PYTHON, script], work)
    outcome = harness.run([CHKPT_MPI, "-f", "100", script], work)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout == expected.stdout
    assert sum("committed" in line for line in outcome.messages) >= 3, outcome.stderr


def test_killed_while_a_snapshot_is_written(work, folder):
    """The run goes on from that one or the one before; its files are those of the unbroken run."""
    script = written(work, KILLED)
    plain = folder / "plain"
    plain.mkdir()
    (plain / script).write_text(KILLED)
    assert harness.run([harness.PYTHON, script], plain).code == 0
    command = [CHKPT_MPI, "-f", "-1", script, "chkpt"]
    for number in range(40):                  # a kill may come before any new commit
        (work.parent / "patience").write_text(str(1 + number / 4))
        outcome = harness.run(command, work)
        if outcome.code == 0:
            break
    assert outcome.code == 0, outcome.stderr
    harness.assert_same_files(harness.files(plain), harness.files(work))


def test_a_script_that_fails_leaves_the_snapshot_that_was_being_written(work):
    script = written(work, FAILING)
    failed = harness.run([CHKPT_MPI, "-f", "-1", script], work)
    assert (failed.code, failed.stdout) == (3, b"begun\n"), failed.stderr
    assert any("goes on from snapshot 1" in line for line in failed.messages), failed.stderr
    resumed = harness.run([CHKPT_MPI, "-f", "-1", script], work)
    assert (resumed.code, resumed.stdout) == (0, b"resumed\n"), resumed.stderr


def test_snapshot_waits_for_the_commit_unless_told_otherwise(work):
    script = written(work, ARRAY + """
import chkpt
for wait in True, False:
    chkpt.snapshot(wait=wait)
    print(chkpt.info()["last_epoch"])
""")
    outcome = harness.run([CHKPT_MPI, "-f", "-1", script], work)
    assert (outcome.code, outcome.stdout) == (0, b"1\n1\n"), outcome.stderr
    assert harness.newest_epoch(work) == 2


def test_stops_after_the_commit_of_the_snapshot_it_was_told_to_take(work):
    script = written(work, NUMBERS)
    with Job([CHKPT_MPI, "-f", "50", script], work) as job:
        assert job.wait_until(lambda: harness.newest_epoch(work) > 0)
        for pid in job.rank_pids():
            harness.send(pid, 15)
        outcome = job.wait()
    assert outcome.code == 75, outcome.stderr
    last = re.search(r"stopped after snapshot (\d+)", outcome.stderr)
    assert last and harness.newest_epoch(work) == int(last[1])


def test_ranks_stand_where_a_thread_can_have_no_descriptors_of_its_own(work, folder):
    (folder / "shim.c").write_text(NO_OWN_TABLE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"], check=True, timeout=60)
    script = written(work, NUMBERS)
    outcome = harness.run([CHKPT_MPI, "-v", "-f", "100", script], work,
                          env={"LD_PRELOAD": str(folder / "shim.so")})
    assert outcome.code == 0, outcome.stderr
    assert any("the script stands until a snapshot is committed" in line for line in outcome.messages)
    assert sum("committed: " in line for line in outcome.messages) >= 3, outcome.stderr
