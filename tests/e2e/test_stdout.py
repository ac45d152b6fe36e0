# SPDX-License-Identifier: BSD-3-Clause
"""--stdout FILE: what a killed and resumed run has printed is what an unbroken one prints."""
import shutil
import subprocess
import textwrap

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

# Prints in every way there is; dies twice behind a snapshot, with lines printed since.
LINES = """
    import chkpt, ctypes, os, signal, sys
    stats = os.fstat(1)
    print(sys.stdout.isatty(), sys.stdout.line_buffering, sys.stdout.name, stats.st_mode & 0o777)
    def c_print(step):
        c = ctypes.CDLL(None)
        c.printf(b"printf %d\\n", step)
        c.fflush(None)
    copy = os.dup(1)
    for step in range(60):
        print("line", step)
        sys.stdout.buffer.write(b"bytes %d\\n" % step)
        sys.stdout.flush()
        c_print(step)
        os.write(1, b"written %d\\n" % step)
        os.write(copy, b"copied %d\\n" % step)
        if step % 7 == 0: os.system(f"echo system {step}")
        if step in (10, 30):
            resumed = chkpt.snapshot()
        if step in (19, 41) and DIES and not resumed: os.kill(os.getpid(), signal.SIGKILL)
    print("end")
"""


def environment(work, **extra):
    variables = harness.environment(work.parent / "tmp", extra)
    variables.pop("PYTHONUNBUFFERED", None)
    return variables


@pytest.fixture
def start(work):
    (work.parent / "tmp").mkdir()

    def run(text, *options, code=0):
        (work / "script.py").write_text(textwrap.dedent(text))
        done = subprocess.run(
            [CHKPT_MPI, "-f", "-1", *options, "script.py"], cwd=work, text=True, timeout=60,
            capture_output=True, stdin=subprocess.DEVNULL,
            env=environment(work))
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        return done.stderr

    return run


def expected(work):
    script = work / "plain.py"
    script.write_text("DIES = False\n" + textwrap.dedent(LINES))
    with open(work / "expected", "wb") as out:
        subprocess.run([PYTHON, script], stdout=out, check=True, timeout=60,
                       env=environment(work, PYTHONPATH=str(harness.ROOT / "lib" / "python")))
    return (work / "expected").read_bytes()


def test_no_line_twice_and_none_missing(start, work):
    out = work / "out"
    out.write_text("of another run\n" * 1000)
    text = "DIES = True\n" + textwrap.dedent(LINES)
    start(text, "--stdout", "out", code=-9)
    assert b"line 19" in out.read_bytes() and b"another" not in out.read_bytes()
    start(text, "--stdout", "out", code=-9)
    assert b"line 41" in out.read_bytes()
    start(text, "--stdout", "out")
    assert out.read_bytes() == expected(work)
    start(text, "--stdout", "out", code=-9)  # the run has ended: this is another one
    assert out.read_bytes().count(b"line 1\n") == 1 and b"end" not in out.read_bytes()


def test_a_folder_that_was_moved_keeps_its_output(work):
    (work / "script.py").write_text("import chkpt, os\n"
                                    "print('before', flush=True)\n"
                                    "if not chkpt.snapshot(): print('lost', flush=True), os.kill(os.getpid(), 9)\n"
                                    "print('after')\n")
    command = [CHKPT_MPI, "-f", "-1", "-o", "saved", "--stdout", "out", work / "script.py"]
    assert harness.run(command, work).code == -9
    moved = work.parent / "moved"
    shutil.copytree(work, moved)
    outcome = harness.run(command, moved)
    assert outcome.code == 0 and any("resumed" in line for line in outcome.messages), outcome.stderr
    assert (moved / "out").read_text() == "before\nafter\n"


# Files that are copies of the standard streams, one of which something else takes the place of.
COPIES = """
    import chkpt, os, signal, sys
    errors = open(os.dup(2), "w")
    output = open(os.dup(1), "wb")
    os.dup2(os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    for step in range(3):
        print("error", step, file=errors, flush=True)
        output.write(b"output %d\\n" % step)
        print("log", step, file=sys.stderr)
        if not chkpt.snapshot() and step < 2: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("to_files", [True, False])
def test_files_on_copies_of_the_streams_go_where_the_new_ones_go(work, to_files):
    (work.parent / "tmp").mkdir()
    (work / "script.py").write_text(textwrap.dedent(COPIES))
    command = [CHKPT_MPI, "-q", "-f", "-1", "--verify-snapshots", "script.py"]
    for step in range(3):
        with open(work / "out", "w") as out, open(work / "err", "w") as err:
            streams = {"stdout": out, "stderr": err} if to_files else {"capture_output": True}
            done = subprocess.run(command, cwd=work, timeout=60, stdin=subprocess.DEVNULL, text=True,
                                  env=environment(work), **streams)
        wrote = ((work / "out").read_text(), (work / "err").read_text()) if to_files else (
            done.stdout, done.stderr)
        assert (done.returncode, *wrote) == (-9 if step < 2 else 0, f"output {step}\n",
                                             f"error {step}\n")
    assert (work / "log").read_text() == "log 0\nlog 1\nlog 2\n"


def test_what_is_missing_is_said(start, work):
    text = """
        import chkpt, os, signal
        print("a" * 100)
        if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
        print("b")
    """
    start(text, "--stdout", "out", code=-9)
    (work / "out").write_text("short\n")
    errors = start(text, "--stdout", "out")
    assert "out has 6 bytes, at the snapshot it had 101: output is missing from it" in errors
    assert (work / "out").read_text() == "short\nb\n"


def test_file_that_cannot_be_opened(start):
    errors = start("print(1)", "--stdout", "nowhere/out", code=2)
    assert "--stdout: cannot open" in errors and "nowhere/out: No such file" in errors


def test_ranks(work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    (work / "script.py").write_text(textwrap.dedent("""
        from mpi4py import MPI
        import chkpt, os, signal
        world = MPI.COMM_WORLD
        resumed = False
        for step in range(8):
            for rank in range(world.size):
                if rank == world.rank: print(step, rank, flush=True)
                world.barrier()
            if step == 3: resumed = chkpt.snapshot()
        if not resumed: os.kill(os.getpid(), signal.SIGKILL)
    """))
    for pattern in ("out", "out.%r"):
        command = [CHKPT_MPI, "-f", "-1", "--stdout", pattern, "script.py"]
        assert harness.run(command, work, 2).code != 0
        done = harness.run(command, work, 2)
        assert (done.code, done.stdout) == (0, b""), done.stderr
    assert (work / "out").read_text() == "".join(f"{s} {r}\n" for s in range(8) for r in range(2))
    for rank in range(2):
        assert (work / f"out.{rank}").read_text() == "".join(f"{s} {rank}\n" for s in range(8))


COMPRESSED = """
import gzip, io, sys
class Tee:
    flushed = 0
    def write(self, text): return sys.__stdout__.write(text)
    def flush(self): self.flushed += 1
text = io.TextIOWrapper(gzip.GzipFile("lines.gz", "wb", mtime=0))
sys.stdout = Tee()
for i in range(900):
    text.write(f"line {i}: {i * i}\\n")
    if i in (300, 600) and "chkpt" in sys.argv:
        import chkpt, os
        if not chkpt.snapshot() and i == 600: os.kill(os.getpid(), 9)
text.close()
print(open("lines.gz", "rb").read().hex(), sys.stdout.flushed)
"""


def test_a_snapshot_writes_nothing_to_what_is_no_ordinary_file(work):
    (work / "lines.py").write_text(COMPRESSED)
    expected = harness.run([PYTHON, "lines.py"], work)
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "lines.py", "chkpt"]
    assert harness.run(command, work).code == -9
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.stdout) == (0, expected.stdout), resumed.stderr
