# SPDX-License-Identifier: BSD-3-Clause
"""A script cannot tell chkpt-mpi from python3: everything here runs under both and is compared."""
import os
import signal
import subprocess
import textwrap
import time
import zipfile

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

QUIET = ["-q", "-f", "-1", "--resume", "never"]

PROBE = """
import sys, os
def show(*what): print(*map(repr, what))
show(sys.argv, sys.orig_argv[1:], sys.path, sys.flags, sys.warnoptions, sys._xoptions)
show(sys.executable, sys._base_executable, sys.prefix, sys.base_prefix, sys.exec_prefix, sys.platlibdir)
show(sorted(sys.modules), sys.builtin_module_names, sys.meta_path[1:], sys.path_hooks[:1])
show(__name__, globals().get("__file__"), __package__, globals().get("__cached__"), type(__loader__))
show(__spec__ and (__spec__.name, __spec__.origin, __spec__.parent), sorted(globals()))
show(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering, sys.stdout.write_through)
show(sys.getfilesystemencoding(), sys.getrecursionlimit(), sys.getswitchinterval(), sys.dont_write_bytecode)
show(sys.modules["__main__"].__dict__ is globals(), __debug__, sys.hexversion, sys.version, sys.implementation)
show(sorted(k for k in os.environ if k.startswith(("PYTHON", "LC_", "CHKPT_"))))
"""


def run(command, work, stdin="", env=None):
    process = subprocess.run(
        [*map(str, command)], cwd=work, capture_output=True, timeout=120,
        env=harness.environment(work.parent / "tmp", env),
        **({"input": stdin} if isinstance(stdin, bytes) else
           {"stdin": stdin} if stdin else {"stdin": subprocess.DEVNULL}))
    return process.returncode, process.stdout, process.stderr


def assert_same(work, *words, stdin="", env=None, program=PYTHON):
    """Runs `words` under both; returns what python3 gave."""
    expected = run([program, *words], work, stdin, env)
    if hasattr(stdin, "seek"):
        stdin.seek(0)
    actual = run([CHKPT_MPI, *QUIET, "-o", work.parent / "checkpoints", *words], work, stdin, env)
    assert actual == expected
    return expected


@pytest.fixture
def script(work):
    (work.parent / "tmp").mkdir()

    def write(text, name="script.py"):
        path = work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return name

    return write


def test_script_and_arguments(work, script):
    name = script(PROBE)
    code, out, err = assert_same(work, name, "-f", "--keep", "a b", "", "-")
    assert code == 0 and b"'script.py', '-f', '--keep', 'a b', '', '-'" in out and not err


@pytest.mark.parametrize("where", ["absolute", "subfolder", "dotted", "dashed", "unicode"])
def test_script_path(work, script, where):
    name = {"subfolder": "sub/probe.py", "dashed": "-probe.py", "unicode": "pröbe.py"}.get(
        where, "probe.py")
    script(PROBE, name)
    words = {"absolute": [work / name], "dotted": ["./probe.py"], "dashed": ["--", name]}
    assert assert_same(work, *words.get(where, [name]))[0] == 0


def test_symlink_to_script(work, script):
    script(PROBE, "real/probe.py")
    (work / "link.py").symlink_to("real/probe.py")
    assert b"/real'" in assert_same(work, "link.py")[1]


@pytest.mark.parametrize("options", [
    "-u", "-O", "-OO", "-B", "-E", "-I", "-P", "-s", "-S", "-b", "-bb", "-Wdefault", "-W error",
    "-X dev", "-X utf8", "-Xutf8=0", "-X faulthandler", "-X frozen_modules=off",
    "-X pycache_prefix=/nonexistent", "-X int_max_str_digits=0", "-uBs -X dev -OO",
    "-X warn_default_encoding"])
def test_interpreter_options(work, script, options):
    assert assert_same(work, *options.split(), script(PROBE), "x")[0] == 0


@pytest.mark.parametrize("variables", [
    {"PYTHONOPTIMIZE": "2"}, {"PYTHONUTF8": "1"}, {"PYTHONIOENCODING": "latin-1:replace"},
    {"PYTHONHASHSEED": "0"}, {"PYTHONHASHSEED": "42"}, {"PYTHONWARNINGS": "error,default"},
    {"PYTHONDEVMODE": "1"}, {"PYTHONPATH": "/nonexistent:."}, {"PYTHONSAFEPATH": "1"},
    {"PYTHONUNBUFFERED": "1"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONNOUSERSITE": "1"}, {"PYTHONMALLOC": "debug"},
    {"PYTHONHASHSEED": "wrong"}, {"PYTHONPROFILEIMPORTTIME": ""}, {"PYTHONSTARTUP": "/nonexistent"}],
    ids=lambda v: ",".join(f"{k}={x}" for k, x in v.items()))
def test_environment(work, script, variables):
    assert_same(work, script(PROBE), env=variables)


def test_fixed_hash_seed_gives_the_same_order(work, script):
    name = script("print({'a', 'b', 'c', 'd', 'e'}, hash('x'))")
    assert_same(work, name, env={"PYTHONHASHSEED": "7"})


def test_hashes_are_random_from_run_to_run(work, script):
    name = script("print(hash('x'))")
    outputs = {run([CHKPT_MPI, *QUIET, name], work)[1] for _ in range(3)}
    assert len(outputs) == 3


@pytest.mark.parametrize("module", ["probe", "pack", "pack.probe"])
def test_module(work, script, module):
    script(PROBE, "probe.py")
    script("print('init', __name__)", "pack/__init__.py")
    script(PROBE, "pack/__main__.py")
    script(PROBE, "pack/probe.py")
    assert assert_same(work, "-m", module, "-m", "x")[0] == 0


def test_missing_module(work, script):
    assert b"No module named nope" in assert_same(work, "-m", "nope")[2]


def test_directory_and_zip(work, script):
    script(PROBE, "folder/__main__.py")
    script("VALUE = 3", "folder/beside.py")
    assert_same(work, "folder", "x")
    with zipfile.ZipFile(work / "app.zip", "w") as archive:
        archive.writestr("__main__.py", PROBE)
    assert_same(work, "app.zip", "x")
    (work / "app.pyz").write_bytes(b"#!/usr/bin/env python3\n" + (work / "app.zip").read_bytes())
    assert assert_same(work, "app.pyz")[0] == 0
    with zipfile.ZipFile(work / "empty.zip", "w") as archive:
        archive.writestr("x.py", "")
    assert b"can't find '__main__' module" in assert_same(work, "empty.zip")[2]


def test_command(work, script):
    assert_same(work, "-c", PROBE, "-c", "x")
    assert_same(work, "-c", "import sys; print(sys.path[0] == '', __name__); 1/0")
    assert_same(work, "-cprint(2)")


def test_program_on_standard_input(work, script):
    assert b"'-'" in assert_same(work, "-", "a", stdin=PROBE.encode())[1]
    assert_same(work, "-", stdin=b"import sys\nprint(repr(sys.stdin.read()))\n1/0\n")
    assert_same(work, "-", stdin=b"")
    with open(work / script(PROBE), "rb") as file:
        assert_same(work, "-", stdin=file)


def test_script_reads_standard_input(work, script):
    name = script("import sys\nfor line in sys.stdin: print(line.upper(), end='')")
    assert assert_same(work, name, stdin=b"one\ntwo\n")[1] == b"ONE\nTWO\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed(work, script, closed):
    name = script("""
        import os, signal, sys
        print("said")
        if len(sys.argv) > 1:
            import chkpt
            if not chkpt.snapshot():
                os.kill(os.getpid(), signal.SIGKILL)
        print("again")
        with open("result", "a") as result:
            print([stream is None for stream in (sys.stdin, sys.stdout, sys.stderr)], file=result)
    """)

    def under(*command):
        return run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], work)

    expected = under(PYTHON, name)
    options = ["-q", "-f", "-1", "--verify-snapshots", "-o", work.parent / "checkpoints"]
    assert under(CHKPT_MPI, *options, name, "dies")[0] == -signal.SIGKILL
    assert under(CHKPT_MPI, *options, name, "dies")[::2] == expected[::2]
    python3, chkpt_mpi = (work / "result").read_text().splitlines()
    assert python3 == chkpt_mpi and "True" in python3


def test_files_of_no_length_are_an_error_and_no_signal(work, script):
    name = script("print(1, flush=True)")
    command = ["sh", "-c", 'ulimit -f 0; exec "$@" >out 2>err', "sh"]
    assert run([*command, CHKPT_MPI, name], work)[0] == 1


def test_compiled_script(work, script):
    name = script(PROBE)
    subprocess.run([PYTHON, "-c", f"import py_compile; py_compile.compile({name!r}, 's.pyc')"],
                   cwd=work, check=True)
    assert assert_same(work, "s.pyc", "x")[0] == 0


ENDINGS = {
    "falls_off": "pass",
    "exit_0": "import sys; sys.exit(0)",
    "exit_3": "import sys; sys.exit(3)",
    "exit_none": "import sys; sys.exit()",
    "exit_text": "import sys; sys.exit('so long')",
    "exit_tuple": "import sys; sys.exit((1, 2))",
    "exit_negative": "import sys; sys.exit(-1)",
    "exit_256": "import sys; sys.exit(256)",
    "quit": "quit(5)",
    "raise": "def f(x):\n    return 1 / x\nf(0)",
    "chained": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "group": "raise ExceptionGroup('g', [ValueError(1), KeyError('k')])",
    "syntax_error": "print(1)\nx = = 3",
    "bad_encoding": "# coding: nonsense\nprint(1)",
    "tabs": "if 1:\n\tx=1\n        y=2",
    "os_exit": "import os; print('x', flush=True); os._exit(4)",
    "interrupt": "raise KeyboardInterrupt",
    "sigint": "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "abort": "import os; os.abort()",
    "thread_error": "import threading; t = threading.Thread(target=lambda: 1/0, name='T'); t.start(); t.join()",
    "thread_outlives": "import threading, time, sys\ndef f():\n    time.sleep(.2); print('late')\n"
                       "threading.Thread(target=f).start(); sys.exit(6)",
    "atexit": "import atexit, sys\natexit.register(print, 'one'); atexit.register(print, 'two'); sys.exit(7)",
    "atexit_error": "import atexit, sys; atexit.register(getattr, 1, 'x'); sys.exit(3)",
    "excepthook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0])\n1/0",
    "excepthook_error": "import sys\nsys.excepthook = lambda *a: 1/0\n{}[1]",
    "del_at_exit": "class D:\n    def __del__(self): print('del')\nd = D()",
    "stdout_closed": "import sys, os\nsys.stdout.write('x' * 100)\nos.close(1)",
    "recursion": "import sys\nsys.setrecursionlimit(80)\ndef f(): f()\nf()",
    "exit_in_child": "import os, sys\npid = os.fork()\nif pid == 0: sys.exit(9)\n"
                     "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); sys.exit(8)",
    "warning": "import warnings; warnings.warn('careful')",
    "assertion": "assert 1 == 2, 'no'",
    "generator_exit": "def g():\n    raise SystemExit(11)\n    yield\nlist(g())",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_ending_of_script(work, script, ending):
    assert_same(work, script(ENDINGS[ending]))


@pytest.mark.parametrize("ending", ["exit_3", "exit_text", "raise", "interrupt", "syntax_error"])
@pytest.mark.parametrize("kind", ["module", "directory", "command", "stdin"])
def test_ending_of_other_kinds(work, script, kind, ending):
    text = ENDINGS[ending]
    script(text, "mod.py")
    script(text, "folder/__main__.py")
    words = {"module": ["-m", "mod"], "directory": ["folder"], "command": ["-c", text],
             "stdin": ["-"]}
    assert_same(work, *words[kind], stdin=text.encode() if kind == "stdin" else "")


def test_interrupt_from_outside(work, script):
    name = script("import time\nprint('up', flush=True)\ntime.sleep(60)")
    results = []
    for command in ([PYTHON], [CHKPT_MPI, *QUIET]):
        process = subprocess.Popen([*command, name], cwd=work, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        time.sleep(0.5)  # it sleeps by now
        process.send_signal(signal.SIGINT)
        results.append((*process.communicate(timeout=60), process.returncode))
    assert results[0] == results[1]
    assert results[0][2] == -signal.SIGINT


def test_own_classes_pickle(work, script):
    assert_same(work, script("""
        import pickle, sys
        class C:
            def __init__(self): self.x = 1
        c = pickle.loads(pickle.dumps(C()))
        print(c.x, type(c) is C, C.__module__, sys.modules["__main__"].C is C)
        import inspect; print(inspect.getsource(C))
    """))


def test_child_processes(work, script):
    assert_same(work, script("""
        import multiprocessing, subprocess, sys
        def f(x): return x * x
        if __name__ == "__main__":
            for method in ("fork", "spawn", "forkserver"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    print(method, pool.map(f, range(5)))
            print(subprocess.run([sys.executable, "-c", "import sys; print(sys.executable)"],
                                 capture_output=True, text=True).stdout)
    """))


def test_extension_modules(work, script):
    assert_same(work, script("""
        import ctypes, decimal, hashlib, json, sqlite3, ssl, zlib, lzma, readline, _testcapi
        import numpy
        print(numpy.arange(6).reshape(2, 3) @ numpy.ones(3), hashlib.sha256(b"x").hexdigest())
        print(ctypes.pythonapi.Py_GetVersion is not None, decimal.Decimal("0.1") + 1)
        try:
            _testcapi.raise_exception(ValueError, 1)
        except ValueError as error:
            print(repr(error))
    """))


def test_virtual_environment(work, script):
    environment = work.parent / "env"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", environment], check=True)
    packages, = environment.glob("lib/python3.*/site-packages")
    (packages / "only_here.py").write_text("X = 5")
    name = script("import only_here; print(only_here.X)\n" + PROBE)
    code, out, _ = assert_same(work, name, program=environment / "bin" / "python3",
                               env={"VIRTUAL_ENV": str(environment)})
    assert code == 0 and str(environment).encode() in out


def test_virtual_environment_of_another_python(work, script):
    environment = work.parent / "env"
    (environment / "lib" / "python3.5").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("version = 3.5.0\n")
    code, out, err = run([CHKPT_MPI, script("print(1)")], work,
                         env={"VIRTUAL_ENV": str(environment)})
    assert (code, out) == (2, b"")
    assert b"is a Python 3.5 environment, chkpt-mpi runs Python 3." in err
    assert err.count(b"\n") == 1


def test_nothing_of_ours_before_import(work, script):
    name = script("import sys; print([m for m in sys.modules if 'chkpt' in m],"
                  " [m for m in sys.builtin_module_names if 'chkpt' in m])")
    assert run([CHKPT_MPI, *QUIET, name], work)[1] == b"[] []\n"


def test_script_s_own_module_named_chkpt_wins(work, script):
    script("VALUE = 'mine'; from . import deep", "chkpt/__init__.py")
    script("import chkpt; print(__name__, chkpt)", "chkpt/deep.py")
    name = script("import chkpt, sys; print(chkpt.VALUE, chkpt.deep, sys.modules['chkpt'] is chkpt)"
                  "; print(chkpt.__spec__.name, chkpt.__file__, chkpt.__package__, chkpt.__path__)")
    assert assert_same(work, name)[1].startswith(b"chkpt.deep <module 'chkpt'")


def test_started_as_python_it_is_python(work, script):
    link = work.parent / "bin" / "python3"
    link.parent.mkdir()
    link.symlink_to(CHKPT_MPI)
    name = script("import sys; print(sys.argv, sys.executable, sys.flags.verbose, sys.prefix)")
    code, out, err = run([link, "-q", "-x", "-V"], work)
    assert code == 0 and out.startswith(b"Python 3.")
    code, out, err = run([link, name, "--help"], work)
    assert out.decode().split("]")[1].startswith(f" {link} 0 /usr") or PYTHON != "/usr/bin/python3"


@pytest.mark.skipif(subprocess.run([PYTHON, "-c", "import mpi4py"], capture_output=True).returncode,
                    reason=f"{PYTHON} has no mpi4py")
def test_ranks_under_mpirun(work, script):
    name = script("""
        import sys
        from mpi4py import MPI
        rank = MPI.COMM_WORLD.rank
        total = MPI.COMM_WORLD.allreduce(rank)
        if rank == 1:
            print(total, sys.argv, sys.executable)
    """)
    command = ["mpirun", "--oversubscribe", "-n", "2"]
    expected = run([*command, PYTHON, name, "x"], work)
    assert expected[0] == 0 and expected[1]
    actual = run([*command, CHKPT_MPI, *QUIET, name, "x"], work)
    assert actual[:2] == expected[:2]
