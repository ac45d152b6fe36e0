# SPDX-License-Identifier: BSD-3-Clause
"""--dry-run: a report, and nothing left behind."""
import subprocess

import harness
from harness import CHKPT_MPI, PYTHON

SOUND = """
import chkpt, re, socket, time
data = [list(range(1000)) for _ in range(100)]
chkpt.snapshot()
s = socket.socket()
chkpt.snapshot()
chkpt.snapshot()
del s
re.compile(".").sub(lambda found: time.sleep(0.1) or "", "x" * 8)
chkpt.snapshot("last")
print("done")
"""
WRONG = """
import chkpt, copyreg, datetime
copyreg.pickle(datetime.timedelta, lambda d: (datetime.timedelta, (d.days + 1, d.seconds)))
wait = datetime.timedelta(3)
chkpt.snapshot()
"""


def run(work, text, *options, ranks=1):
    (work / "script.py").write_text(text)
    return harness.run([CHKPT_MPI, "--dry-run", *options, "script.py"], work, ranks)


def left(work):
    return sorted(path.name for path in work.iterdir())


def test_report(work):
    done = run(work, SOUND, "-f", "250")
    assert (done.code, done.stdout) == (0, b"done\n"), done.stderr
    report = "\n".join(line[len("chkpt: "):] for line in done.messages)
    assert "could have been resumed" in report and ", 0 not as they were" in report
    assert "__main__.data  list [100]" in report
    assert "2 x `__main__.s -> <socket.socket>` at script.py:" in report
    assert "not saved, of libraries: nothing" in report
    waits = report.partition("longest waits for a safe point:")[2]
    assert "(inside re.Pattern.sub" in waits or "inside time.sleep" in waits, report
    assert "committed" not in report and "skipped" not in report
    assert left(work) == ["script.py"]


def test_difference_and_failure_have_their_exit_codes(work):
    done = run(work, WRONG, "-f", "-1")
    assert done.code == 70 and ", 1 not as they were" in done.stderr, done.stderr
    assert "1 x loaded back it differs: `__main__.wait`" in done.stderr
    done = run(work, SOUND + "raise SystemExit(3)", "-f", "-1")
    assert done.code == 3 and "2 snapshots of 1 rank could have been resumed" in done.stderr
    assert left(work) == ["script.py"]


def test_ranks(work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        return
    text = "from mpi4py import MPI\nimport chkpt\nn = MPI.COMM_WORLD.allreduce(1)\n" \
           "mine = list(range(5000 * (MPI.COMM_WORLD.rank + 1)))\nchkpt.snapshot()\n"
    done = run(work, text, "-f", "-1", ranks=2)
    assert done.code == 0, done.stderr
    assert "1 snapshot of 2 ranks could have been resumed" in done.stderr
    assert "__main__.mine" in done.stderr and left(work) == ["script.py"]
