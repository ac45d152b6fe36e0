# SPDX-License-Identifier: BSD-3-Clause
"""--verify-snapshots and --torture: what a resume would get back is compared with what there is."""
import os
import random
import re
import shutil
import subprocess

import pytest

import harness
from cpython_tests import Suite
from harness import CHKPT_MPI, PYTHON

SEED = 11
WORK = """
import random
state = {"steps": [], "total": 0.0}
def steps():
    for i in range(300):
        for _ in range(60000):
            pass
        yield i * random.random()
random.seed(4)
for value in steps():
    state["steps"].append(value)
    state["total"] += value
print(state)
"""
# timedelta comes back a day longer than it was.
WRONG = """
import copyreg, datetime
copyreg.pickle(datetime.timedelta, lambda d: (datetime.timedelta, (d.days + 1, d.seconds)))
class Plan:
    def __init__(self):
        self.waits = {"first": datetime.timedelta(3)}
plan = Plan()
"""
# It does not come back at all.
FAIL = """
import chkpt, copyreg, datetime
def fail(): raise OSError("no such day")
copyreg.pickle(datetime.timedelta, lambda d: (fail, ()))
"""
# It comes back, and is not found where it is.
LOST = """
class Odd:
    times = 0
    def __hash__(self):
        Odd.times += 1
        return Odd.times
kept = {Odd()}
"""
ASK = "import chkpt\nchkpt.snapshot()\nprint('done')\n"


@pytest.fixture
def call(work):
    (work.parent / "tmp").mkdir()

    def run(text, *options, ranks=1):
        (work / "script.py").write_text(text)
        return subprocess.run(
            [*harness.mpirun(ranks), CHKPT_MPI, *options, "script.py"], cwd=work, text=True,
            timeout=120, capture_output=True, stdin=subprocess.DEVNULL,
            env=harness.environment(work.parent / "tmp"))

    return run


def checked_and_differing(stderr):
    found = re.search(r"--torture: (\d+) snapshots loaded back, (\d+) of them", stderr)
    assert found, stderr
    return int(found[1]), int(found[2])


def snapshots(work):
    return sorted(work.glob("checkpoints/*/step-*/MANIFEST"))


def test_snapshots_of_a_sound_script_are_committed(call, work):
    plain = subprocess.run([PYTHON, "-c", WORK], text=True, capture_output=True, timeout=60)
    done = call(WORK, "--torture", "50", "--torture-seed", str(SEED))
    assert (done.returncode, done.stdout) == (0, plain.stdout), done.stderr
    checked, differing = checked_and_differing(done.stderr)
    assert checked > 0 and differing == 0, done.stderr
    assert f"--torture-seed {SEED}" in done.stderr
    assert snapshots(work)


def test_what_loads_wrongly_is_named_and_not_committed(call, work):
    done = call(WRONG + ASK, "--verify-snapshots", "-f", "-1")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "skipped: loaded back it differs: `__main__.plan.waits['first']" in done.stderr
    assert "was 4, is 5" in done.stderr
    assert not snapshots(work)


def test_what_cannot_be_saved_again_is_no_failure_of_loading(call, work):
    only_here = "import copyreg, datetime, os\nhome = os.getpid()\n" \
                "def reduce(day):\n    if os.getpid() != home: raise TypeError('elsewhere')\n" \
                "    return datetime.timedelta, (1,)\n" \
                "copyreg.pickle(datetime.timedelta, reduce)\nday = datetime.timedelta(1)\n"
    done = call(only_here + ASK, "--verify-snapshots", "-f", "-1")
    assert "it differs: it cannot be saved again: `__main__.day -> <datetime.timedelta>`" in done.stderr
    assert "elsewhere" in done.stderr and not snapshots(work)


def test_finalizers_of_what_was_loaded_do_not_run(call, work):
    held = "import tempfile\ndef hold():\n" \
           "    folder = tempfile.TemporaryDirectory(dir='.')\n    chkpt.snapshot()\n" \
           "    open(folder.name + '/there', 'w').close()\nhold()\nprint('done')\n"
    done = call("import chkpt\n" + held, "--verify-snapshots", "-f", "-1")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    late = held.replace("chkpt.snapshot()", "day = datetime.timedelta(1); chkpt.snapshot()")
    done = call(FAIL + late, "--verify-snapshots", "-f", "-1", "--resume", "never")
    assert (done.returncode, done.stdout) == (0, "done\n") and "it cannot be loaded" in done.stderr


def test_one_snapshot_is_loaded_back_as_a_trial_and_kept(call, work):
    trial = ["-f", "-1", "--trial-after", "0", "--resume", "never"]
    twice = ASK + "chkpt.snapshot()\n"
    done = call("x = [1]\n" + twice, *trial)
    assert re.findall(r"snapshot (\d+) was loaded back as a trial, in .*: it has", done.stderr) == ["1"]
    done = call(WRONG + twice, *trial)
    assert "loaded back as a trial: loaded back it differs: `__main__.plan.waits" in done.stderr
    assert done.stderr.count("trial") == 1 and done.stderr.count("committed") == 2, done.stderr
    done = call(FAIL + "day = datetime.timedelta(1)\n" + twice, *trial)
    assert "as a trial: it cannot be loaded: " in done.stderr and "no such day" in done.stderr
    assert done.stderr.count("trial") == 1 and done.stderr.count("committed") == 2, done.stderr
    assert (done.returncode, done.stdout) == (0, "done\n")
    for soon in (["--trial-after", "none"], []):
        assert "trial" not in call("x = [1]\n" + twice, "-v", "-f", "-1", *soon).stderr


def test_the_last_rank_has_a_trial_too(call, work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    text = "from mpi4py import MPI\nif MPI.COMM_WORLD.rank == 2: day = datetime.timedelta(1)\n"
    done = call(FAIL + text + ASK, "-f", "-1", "--trial-after", "0", ranks=3)
    assert "chkpt: snapshot 1 was loaded back as a trial, in " in done.stderr
    assert "chkpt: rank 2: snapshot 1 was loaded back as a trial: it cannot be" in done.stderr
    assert len(snapshots(work)) == 1, done.stderr


def test_torture_ends_in_an_exit_code_of_its_own(call, work):
    done = call(WRONG + WORK, "--torture", "50")
    checked, differing = checked_and_differing(done.stderr)
    early = checked - differing  # before there is what comes back wrong
    assert done.returncode == 70 and differing > 0 and early <= 1, done.stderr
    assert len(snapshots(work)) == early


@pytest.mark.parametrize("check", [["--torture", "600000"], ["--dry-run", "-f", "-1"]], ids=lambda words: words[0])
def test_quiet_says_why_the_exit_code_is_what_it_is(call, check):
    done = call(WRONG + ASK, "-q", *check)
    assert (done.returncode, done.stdout) == (70, "done\n")
    assert done.stderr.startswith("chkpt: ") and done.stderr.count("\n") == 1, done.stderr
    assert "1 of them not as they were" in done.stderr
    assert "loaded back it differs: `__main__.plan.waits['first']` was 4, is 5" in done.stderr
    done = call(ASK, "-q", *check, "--resume", "never")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_quiet_says_it_for_the_rank_that_met_it(call, work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    text = "from mpi4py import MPI\nif MPI.COMM_WORLD.rank == 1: day = datetime.timedelta(1)\n"
    done = call(FAIL + text + ASK, "-q", "--torture", "600000", ranks=2)
    assert done.returncode == 70, done.stderr
    assert "chkpt: rank 1: --torture: 1 snapshots loaded back, 1 of them not as they were" in done.stderr
    assert "cannot be loaded: OSError: no such day" in done.stderr


def test_what_cannot_be_loaded_is_not_committed(call, work):
    gone = "import datetime, copyreg\ndef fail(): raise OSError('no such day')\n" \
           "copyreg.pickle(datetime.timedelta, lambda d: (fail, ()))\nday = datetime.timedelta(1)\n"
    done = call(gone + ASK, "--verify-snapshots", "-f", "-1")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "skipped: it cannot be loaded: OSError: no such day" in done.stderr
    assert not snapshots(work)


def test_what_is_held_and_not_found_is_not_committed(call, work):
    done = call(LOST + ASK, "--verify-snapshots", "-f", "-1")
    assert "a set does not find its own Odd" in done.stderr and "done" in done.stdout, done.stderr
    assert "committed" not in done.stderr


def test_nothing_of_the_script_runs_and_no_file_changes(call, work):
    text = """
import atexit, sys
log = open("log", "w")
print("begin", file=log, flush=True)
atexit.register(lambda: print("end", file=log))
class Noisy:
    def __del__(self): print("gone", file=log)
noisy = Noisy()
"""
    # What only a running function holds.
    inside = """
import chkpt, os, tempfile
def work():
    noisy = Noisy()
    with tempfile.TemporaryDirectory() as place:
        chkpt.snapshot()
        print(os.path.isdir(place), file=log)
work()
"""
    text += inside
    plain = subprocess.run([PYTHON, "-c", text.replace("chkpt.snapshot()", "").replace("chkpt, ", "")],
                           cwd=work, timeout=60)
    expected = (work / "log").read_text()
    done = call(text + ASK, "--verify-snapshots", "-f", "-1")
    assert plain.returncode == done.returncode == 0 and snapshots(work), done.stderr
    assert (work / "log").read_text() == expected


# What came back as something slightly else than it was, or not at all.
EXACT = {
    "names added to builtins": "import builtins\nbuiltins.spare = (n for n in range(3))",
    "names added to sys": "import sys\nsys.spare = spare = (n for n in range(3))",
    "class put into a library's":
        "import argparse\nclass Extra: pass\nExtra.__module__ = 'argparse'\n"
        "Extra.__qualname__ = 'Namespace.Extra'\nargparse.Namespace.Extra = Extra\nx = Extra()",
    "packages of the script":
        "import os, sys\nos.mkdir('pack')\nopen('pack/__init__.py', 'w').write('X = 1')\n"
        "sys.path.insert(0, os.getcwd())\nimport pack, argparse",
    "objects of libraries that cannot be saved as they are":
        "import os, sys\nos.mkdir('site-packages')\nsys.path.insert(0, 'site-packages')\n"
        "open('site-packages/wells.py', 'w').write('import bz2\\nclass Well:\\n'\n"
        "' def __init__(self, depth): self.depth, self.water, self.log = depth, None, []\\n'\n"
        "' def draw(self): self.water = [bz2.BZ2Compressor()]\\n'\n"
        "' def __reduce__(self): return Well, (self.depth,)\\n')\n"
        "import wells\nwell = wells.Well(3); well.draw()",
    "slots of a dataclass":
        "from dataclasses import dataclass\n@dataclass(slots=True)\nclass C:\n    x: int\nc = C(1)",
    "slot names that were asked for":
        "import pickle\nclass C: pass\npickle.dumps(C(), 2)",
    "pairwise": "import itertools\np = itertools.pairwise('abcd'); next(p)\n"
                "q = itertools.pairwise(''); list(q)",
    "iterators of sets": "s = iter({'a', 'b', 'c'}); next(s)\nt = iter({1}); list(t)\n"
                         "class K: pass\nk = {K()}; u = iter(k); next(u)\nv = iter({K()}); next(v)",
    "iterators that have ended": "t = iter((1,)); list(t)\nm = map(str, t)\nimport itertools\n"
                                 "c = itertools.chain([1]); list(c)\n"
                                 "i = itertools.islice('abc', 1); list(i)\nr = reversed('a'); list(r)\n"
                                 "z = itertools.zip_longest('a', 'bc'); next(z), next(z)\n"
                                 "v = iter(memoryview(b'a')); list(v)\n"
                                 "import collections\nd = reversed(collections.OrderedDict(a=1))\nlist(d)",
    "context variables":
        "import contextvars\nvs = [contextvars.ContextVar(f'v{n}') for n in range(20)]\n"
        "for n, v in enumerate(vs): v.set(n)\nc = contextvars.copy_context()",
    "sets by address":
        "class K: pass\nclass S(set): pass\nks = [K() for n in range(20)]\n"
        "sets = [set(ks[n:]) for n in range(20)] + [frozenset(ks), S(ks), {K(), K()}]",
    "files half read":
        "t = open(__file__); next(t)\nb = open(__file__, 'rb'); b.read(3)\n"
        "r = open(__file__, 'rb', buffering=0); r.read(5)",
    "descriptors and locks":
        "import fcntl, os\nn = os.open('data', os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)\nos.write(n, b'abc')\n"
        "copy = os.dup(n)\nfcntl.lockf(n, fcntl.LOCK_EX)\n"
        "w = open('more', 'w'); fcntl.flock(w, fcntl.LOCK_EX)",
    "files of which the collector shows nothing": "import gc\nf = open('kept', 'w'); f.write('x')\ngc.freeze()",
    "streams of the launch": "err = open(2, 'w', closefd=False)\nprint('x', file=err, flush=True)",
    "arrays in their own order":
        "import numpy as np\na = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2).copy('K')\n"
        "v = a[1]",
    "addresses of arrays":
        "import numpy as np\na = np.arange(90.0)\nviews = [a[:], a.view('i8'), a[1:], a[::-1]]\n"
        "numbers = [v.ctypes.data for v in [a, *views]]",
    "addresses of short strings":
        "letters = [str(n) for n in range(10)] + [bytes(bytearray([n])) for n in range(9)]\n"
        "memo = {id(letter): letter for letter in letters}",
    "trees of scipy":
        "try:\n    import numpy as np\n    from scipy.spatial import KDTree\n"
        "    t = KDTree(np.arange(60.0).reshape(30, 2))\nexcept ImportError: pass",
    "trees of sklearn, whose metric makes its arrays anew":
        "try:\n    import numpy as np\n    from sklearn.neighbors import KDTree\n"
        "    t = KDTree(np.arange(60.0).reshape(30, 2))\nexcept ImportError: pass",
    "loggers that are met child first":
        "import logging\nchild = None\nparent = logging.getLogger('a.b'); child = parent.getChild('c')",
    "registries into which an import enters more":
        "import copyreg, datetime\ncopyreg.pickle(datetime.date, str)\nimport re",
    "legacy generators": "import numpy as np\nr = np.random.RandomState(3)",
}


@pytest.mark.parametrize("text", EXACT.values(), ids=EXACT.keys())
def test_comes_back_exactly(call, work, text):
    if "numpy" in text and subprocess.run([PYTHON, "-c", "import numpy"]).returncode:
        pytest.skip(f"{PYTHON} has no numpy")
    done = call(text + "\n" + ASK, "--verify-snapshots", "-f", "-1")
    assert done.returncode == 0 and snapshots(work), done.stderr


def test_ranks_of_an_mpi_job(call, work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    text = """
from mpi4py import MPI
half = MPI.COMM_WORLD.Split(MPI.COMM_WORLD.rank % 2)
row = MPI.DOUBLE.Create_vector(3, 1, 2).Commit()
waiting = MPI.COMM_WORLD.irecv(source=(MPI.COMM_WORLD.rank + 1) % 2, tag=5)
"""
    finish = "MPI.COMM_WORLD.send('x', (MPI.COMM_WORLD.rank + 1) % 2, tag=5)\nwaiting.wait()\n"
    done = call(text + ASK + finish, "--verify-snapshots", "-f", "-1", ranks=2)
    assert done.returncode == 0, done.stderr
    assert len(snapshots(work)) == 1 and "not compared" not in done.stderr, done.stderr
    window = "from mpi4py import MPI\nw = MPI.Win.Allocate(64, comm=MPI.COMM_WORLD)\n"
    done = call(window + ASK, "--verify-snapshots", "-f", "-1", "--resume", "never", ranks=2)
    assert done.returncode == 0 and "not compared: RMA windows" in done.stderr


def test_mpi_that_the_script_starts(call, work):
    if subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no mpi4py")
    text = "import gc\nfrom mpi4py import MPI\nop = MPI.Op.Create(print)\ngc.freeze()\n"
    done = call(text + ASK, "--verify-snapshots", "-f", "-1")
    assert done.returncode == 0 and snapshots(work), done.stderr


def test_killed_again_and_again(call):
    plain = subprocess.run([PYTHON, "-c", WORK], text=True, capture_output=True, timeout=60)
    kills = 0
    for _ in range(60):
        done = call(WORK, "--torture", "60:kill", "--torture-seed", str(SEED))
        if done.returncode != -9:
            break
        assert "--torture: killed after snapshot" in done.stderr
        kills += 1
    assert (done.returncode, done.stdout) == (0, plain.stdout), done.stderr
    assert kills > 0 and "resumed from epoch" in done.stderr


def test_a_program_that_has_been_replaced_meanwhile(work):
    installed = work.parent / "chkpt-mpi"
    try:
        os.link(CHKPT_MPI, installed)
    except OSError:  # on another file system
        shutil.copy(CHKPT_MPI, installed)
    (work / "script.py").write_text("import os\nos.remove('../chkpt-mpi')\n" + ASK)
    done = harness.run([installed, "--verify-snapshots", "-f", "-1", "script.py"], work)
    assert done.code == 0 and snapshots(work), done.stderr


def test_load_back_by_hand(call, work):
    call("x = 1\n" + ASK, "-f", "-1")
    [file] = work.glob("checkpoints/*/step-*/rank-00000.h5")
    done = subprocess.run([CHKPT_MPI, "--load-back", file], cwd=work, text=True,
                          capture_output=True, timeout=60,
                          env=harness.environment(work.parent / "tmp"))
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr


# Short ones that find a snapshot at many places of the interpreter. With CHKPT_TEST_SUITES="all" (or
# a number: as many, chosen by the seed) these too, each by itself.
SUITES = "generators deque dataclasses enum collections contextlib functools".split()
MORE_SUITES = """asyncgen builtin class configparser context contextlib_async copy copyreg coroutines descr dict
    except_star exception_group exception_variations exceptions fractions frame fstring generator_stop genexps io
    iter itertools list listcomps memoryview metaclass named_expressions patma pickle raise random range re scope
    set slice sort string struct super textwrap type_aliases type_params types typing weakref with
    yield_from""".split()


def pytest_generate_tests(metafunc):
    if "suites" not in metafunc.fixturenames:
        return
    wanted = os.environ.get("CHKPT_TEST_SUITES")
    seed = metafunc.config.getoption("--seed")
    more = len(MORE_SUITES) if wanted == "all" else int(wanted or 0)
    chosen = random.Random(seed).sample(MORE_SUITES, more)
    metafunc.parametrize("suites", [SUITES, *([name] for name in sorted(chosen))], ids="+".join)


def test_cpython_suites(folder, suites, request):
    if subprocess.run([PYTHON, "-c", "import test.test_enum"], capture_output=True).returncode:
        pytest.skip("CPython's tests are missing (Debian: libpython3.11-testsuite)")
    names = [f"test_{name}" for name in suites]
    if missing := harness.not_importable({f"test.{name}" for name in names}, folder):
        pytest.skip(f"{PYTHON} has no {', '.join(missing)}")
    seed = request.config.getoption("--seed") if os.environ.get("CHKPT_TEST_SUITES") else SEED
    ours = Suite([CHKPT_MPI, "--torture", "150", "--torture-seed", str(seed), "--resume", "never"], names,
                 folder / "ours")
    code = ours.code()
    told = f"seed {seed}\n{ours.log()[-4500:]}"
    checked, differing = checked_and_differing(ours.log())
    assert checked > 0 and differing == 0, told
    if code or suites != SUITES:
        verdicts = ours.verdicts()
        assert verdicts == Suite([PYTHON], names, folder / "plain").verdicts(), told
