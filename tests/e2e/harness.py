# SPDX-License-Identifier: BSD-3-Clause
"""Runs scripts under python3 and under chkpt-mpi, kills them, gives the same command again.

A Job owns every process its command starts, in whatever session or process group they end up: each
carries a mark in its environment. Leaving a Job kills what is left of it.
"""
import ast
import contextlib
import functools
import glob
import itertools
import os
import re
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus"
NOT_RUN = {"digest", "lattice"}  # modules that the scripts import
EXAMPLES = ROOT / "scripts" / "examples"
BIN = Path(os.environ.get("CHKPT_BIN_DIR", ROOT / "build" / "bin"))
PYTHON = os.environ.get("CHKPT_PYTHON", "/usr/bin/python3")
CHKPT_MPI = str(BIN / "chkpt-mpi")
CHKPT_INSPECT = str(BIN / "chkpt-inspect")
MPIRUN = os.environ.get("CHKPT_MPIRUN", "mpirun --oversubscribe").split()  # "mpiexec.mpich"
MARK = "CHKPT_TEST_MARK"
SESSION = uuid.uuid4().hex              # other test sessions on this machine are not ours to end
_numbers = itertools.count()
RUN_TIMEOUT_S = 180
OF_OTHERS = re.compile(r"chkpt: |\[[^\]\s]+:\d+\] (PMIX ERROR: |\[\[\d+,\d+\],\d+\] ORTE_ERROR_LOG: Broken pipe)")


@dataclass
class Outcome:
    """How one command ended. `code` is None when it was killed on purpose."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def messages(self):
        """What chkpt itself said, one line per event."""
        return [line for line in self.stderr.splitlines() if line.startswith("chkpt: ")]

    @property
    def script_stderr(self):
        """Without what chkpt says, and a process of the MPI library whose peer was killed before it."""
        lines = self.stderr.splitlines(keepends=True)
        return "".join(line for line in lines if not OF_OTHERS.match(line))


def environment(tmp, extra=None):
    """An environment in which OpenMPI leaves nothing outside `tmp` and root may run it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CHKPT_", "SLURM_", "OMPI_"))}
    env.update({
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl_vader_backing_directory": str(tmp),
        "OMPI_MCA_mpi_yield_when_idle": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_hwloc_base_binding_policy": "none",
        "TMPDIR": str(tmp), "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    })
    env.update(extra or {})
    return env


def mpirun(ranks):
    """The launcher in front of a command; one rank runs alone, without any."""
    if ranks == 1:
        return []
    return [*MPIRUN, "-n", str(ranks)]


class Job:
    """A running command. Use as a context manager."""

    def __init__(self, command, work, ranks=1, env=None):
        work = Path(work)
        self.mark = f"{SESSION}.{next(_numbers)}"
        side = work.parent / "output"
        tmp = work.parent / "tmp"
        side.mkdir(exist_ok=True)
        tmp.mkdir(exist_ok=True)
        self._stdout = side / f"{self.mark}.out"
        self._stderr = side / f"{self.mark}.err"
        self.command = [*mpirun(ranks), *map(str, command)]
        with open(self._stdout, "wb") as out, open(self._stderr, "wb") as err:
            self.process = subprocess.Popen(
                self.command, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=environment(tmp, {**(env or {}), MARK: self.mark}), start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def running(self):
        return self.process.poll() is None

    def pids(self):
        """Every live process of this job."""
        return [pid for pid, mark in marked_processes() if mark == self.mark]

    def rank_pids(self):
        """The processes that run chkpt-mpi itself, in no particular order."""
        found = []
        for pid in self.pids():
            try:
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "chkpt-mpi":
                    found.append(pid)
            except OSError:
                pass
        return found

    def kill(self):
        """SIGKILL to all of it, until nothing is left."""
        deadline = time.monotonic() + 20
        while pids := self.pids():
            for pid in pids:
                send(pid, signal.SIGKILL)
            self.process.poll()
            if time.monotonic() > deadline:
                raise RuntimeError(f"processes {pids} of {self.command} survive SIGKILL")
            time.sleep(0.01)
        self.process.wait(20)

    def stderr(self):
        return self._stderr.read_text(errors="replace")

    def outcome(self, code):
        return Outcome(code, self._stdout.read_bytes(), self.stderr())

    def wait(self, timeout_s=RUN_TIMEOUT_S):
        """The outcome of a command left to end by itself."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            where = describe(self.pids())
            self.kill()
            raise AssertionError(
                f"{self.command} has not ended after {timeout_s} s\n{where}\n{tail(self.stderr())}"
            ) from None
        return self.outcome(code)

    def wait_until(self, condition, timeout_s=RUN_TIMEOUT_S, poll_s=0.004):
        """True as soon as condition() holds, False when the command ends before."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if not self.running():
                return False
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.command}: nothing after {timeout_s} s\n"
                                     f"{describe(self.pids())}\n{tail(self.stderr())}")
            time.sleep(poll_s)
        return True


def marked_processes():
    """(pid, mark) of every live process that a Job of this test session started."""
    needle = f"{MARK}={SESSION}.".encode()
    skip = len(MARK) + 1
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as environ:
                variables = environ.read().split(b"\0")
            with open(f"/proc/{entry}/stat", "rb") as stat:
                if stat.read().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
                    continue
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(needle):
                yield int(entry), variable[skip:].decode()


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def describe(pids):
    """State and command of processes, for the text of a failure."""
    lines = []
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            lines.append(f"  {pid} {state} {command}")
        except OSError:
            pass
    return "\n".join(lines)


def tail(text, lines=25):
    return "\n".join(text.splitlines()[-lines:])


def run(command, work, ranks=1, env=None, timeout_s=RUN_TIMEOUT_S):
    with Job(command, work, ranks, env) as job:
        return job.wait(timeout_s)


def snapshots(work):
    """Folders of all committed snapshots of the runs in work/checkpoints, oldest epoch first."""
    manifests = glob.glob(f"{work}/checkpoints/*/step-*/MANIFEST")
    return sorted((Path(name).parent for name in manifests), key=lambda folder: folder.name)


def newest_epoch(work):
    """Number of the newest committed snapshot below `work`, -1 without any."""
    folders = snapshots(work)
    return int(folders[-1].name.split("-")[1]) if folders else -1


@contextlib.contextmanager
def writable(path):
    """Committed files are read-only, which stops everybody but root from damaging them."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    yield
    path.chmod(mode)


def has_ended(work):
    """Has the run below `work` left the mark of its end?"""
    return any(Path(work).rglob("checkpoints/*/FINISHED"))


def run_directory(work):
    """The run's directory; there must be exactly one run below `work`."""
    folders = {folder.parent for folder in snapshots(work)}
    assert len(folders) == 1, f"expected one run in {work}, found {folders}"
    return folders.pop()


def files(work):
    """Every file a script left behind, without the checkpoints."""
    work = Path(work)
    return {str(path.relative_to(work)): path.read_bytes()
            for path in sorted(work.rglob("*"))
            if path.is_file() and path.relative_to(work).parts[0] != "checkpoints"}


def declared_ranks(script):
    """The rank counts of the line `# ranks: 1 2 4` in the head of a corpus script."""
    for line in script.read_text().splitlines()[:6]:
        if line.startswith("# ranks:"):
            return [int(word) for word in line.partition(":")[2].split()]
    if script.stem not in NOT_RUN:
        raise AssertionError(f"{script} does not say on how many ranks it runs (# ranks: ...)")
    return []


def too_new(script):
    """The Python that the line `# python: 3.12` in the head of a corpus script asks for, if PYTHON is older."""
    for line in script.read_text().splitlines()[:6]:
        if line.startswith("# python:"):
            wanted = line.partition(":")[2].strip()
            return wanted if python_version() < tuple(map(int, wanted.split("."))) else None
    return None


@functools.lru_cache(maxsize=None)
def python_version():
    """(3, 12), of the Python under test."""
    probe = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([PYTHON, "-c", probe], check=True, capture_output=True, text=True, timeout=60)
    return tuple(map(int, done.stdout.split()))


def imported_modules(script):
    """Top-level names of all modules that a script imports by statement, wherever it does."""
    names = set()
    try:
        tree = ast.parse(script.read_bytes())
    except SyntaxError:  # for a later Python than the one that runs pytest
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@functools.lru_cache(maxsize=None)
def missing_modules():
    """{corpus script: names of the modules that the Python under test does not have}.

    chkpt may be built for another Python than the one that runs pytest.
    """
    imports = {script: imported_modules(script) for script in sorted(CORPUS.glob("*.py"))}
    missing = not_importable(set().union(*imports.values()), CORPUS)
    return {script: sorted(names & missing) for script, names in imports.items()}


def not_importable(names, folder):
    """Those of these modules that the Python under test does not find, started in `folder`."""
    probe = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if not u.find_spec(n)])"
    done = subprocess.run([PYTHON, "-c", probe, *names], cwd=folder, check=True,
                          capture_output=True, text=True, timeout=60)
    return set(done.stdout.split())


def missing_in(script):
    """Names of the modules that this script imports and the Python under test does not have."""
    return sorted(not_importable(imported_modules(script), script.parent))


def corpus():
    """(script, ranks) of everything under tests/corpus that the Python under test can run."""
    return [(script, ranks) for script, missing in missing_modules().items()
            if not missing and not too_new(script) for ranks in declared_ranks(script)]


def left_out():
    """(script, reason) of what corpus() leaves out."""
    return [(script, f"{PYTHON} has no {', '.join(missing)}")
            for script, missing in missing_modules().items()
            if missing and declared_ranks(script)] + [
        (script, f"{PYTHON} is older than Python {too_new(script)}")
        for script in missing_modules() if too_new(script)]


@dataclass
class Reference:
    """What an unbroken run under plain python3 gives."""

    outcome: Outcome
    files: dict = field(default_factory=dict)
    seconds: float = 0


def reference(script, ranks, folder, arguments=()):
    work = Path(folder) / "reference"
    work.mkdir(parents=True)
    begin = time.monotonic()
    outcome = run([PYTHON, script, *arguments], work, ranks)
    return Reference(outcome, files(work), time.monotonic() - begin)


def assert_same_files(expected, actual):
    assert sorted(actual) == sorted(expected)
    for name, content in expected.items():
        assert actual[name] == content, f"{name} differs from the unbroken run"


def assert_continues(pieces, whole):
    """Each piece of output goes on at or before the end of what was out already; the last ends it.

    Output written after the last snapshot comes twice, none may be missing or different.
    """
    reached = 0
    for number, piece in enumerate(pieces):
        start = whole.rfind(piece, 0, reached + len(piece))
        assert start >= 0, (f"output {number + 1} of {len(pieces)} is no continuation: {piece[:200]!r}"
                            f" ... after {whole[max(0, reached - 200):reached]!r}")
        reached = max(reached, start + len(piece))
    assert reached == len(whole), f"output ends with {whole[:reached][-200:]!r}"


def run_until_snapshots(command, work, ranks=1, committed=2, env=None):
    """Runs the command until `committed` snapshots are there at the same time, then kills it."""
    with Job(command, work, ranks, env) as job:
        reached = job.wait_until(lambda: len(snapshots(work)) >= committed)
        assert reached, f"ended before {committed} snapshots were committed:\n{tail(job.stderr())}"
