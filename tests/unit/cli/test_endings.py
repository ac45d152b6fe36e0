# SPDX-License-Identifier: BSD-3-Clause
"""The one call between the script's end and the interpreter's, on every way a script can end."""
import os
import subprocess

import pytest

PYTHON = os.environ["CHKPT_PYTHON"]
ENDINGS = [
    ("pass", 0), ("import sys; sys.exit()", 0), ("import sys; sys.exit(3)", 3),
    ("import sys; sys.exit('text')", 1), ("1/0", 1), ("x = = 1", 1),
    ("raise KeyboardInterrupt", 130), ("def f():\n    raise SystemExit(5)\nf()", 5),
    ("import sys\nsys.excepthook = lambda *a: None\n1/0", 1),
]
KINDS = {"script": ["script.py"], "module": ["-m", "script"], "directory": ["folder"],
         "stdin": ["-"]}


@pytest.mark.parametrize("text,code", ENDINGS)
@pytest.mark.parametrize("kind", [*KINDS, "command"])
def test_hook_knows_the_exit_code(drive, tmp_path, kind, text, code):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text(text)
    done = drive(text, words=KINDS.get(kind, ["-c", text]))
    assert done.log[0] == f"ending {code}"
    assert done.code == (code if code != 130 else -2)
    assert len(done.log) <= 2, "the hook is called once"


def test_hook_comes_after_the_traceback_and_before_atexit(drive):
    done = drive("""
        import atexit, os, threading, time
        log = os.environ["DRIVER_LOG"]
        def note(text):
            with open(log, "a") as file: print(text, file=file)
        def late():
            time.sleep(0.2); note("thread")
        threading.Thread(target=late).start()
        atexit.register(note, "atexit")
        import sys
        sys.excepthook = lambda *what: note("traceback")
        1/0
    """)
    assert done.log == ["traceback", "ending 1", "thread", "atexit", "returned 1"]


def test_a_fork_does_not_end_the_run(drive):
    done = drive("""
        import os, sys
        for leave in (sys.exit, lambda code: None, lambda code: 1/0):
            pid = os.fork()
            if pid == 0:
                leave(9)
                break
            os.waitpid(pid, 0)
        else:
            sys.exit(4)
    """)
    assert done.log.count("ending 4") == 1
    assert [line for line in done.log if line.startswith("ending")] == ["ending 4"]


def test_no_hook_when_python_is_left_directly(drive):
    assert drive("import os; os._exit(3)").log == []


def test_flush_error_at_the_end_is_120(drive):
    done = drive("import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('x')")
    assert (done.code, done.log) == (120, ["ending 0", "returned 120"])


@pytest.mark.parametrize("text,code", ENDINGS)
def test_resumed_main_ends_like_a_script(drive, tmp_path, text, code):
    script = tmp_path / "script.py"
    done = drive(text, DRIVER_RESUME=str(script))
    expected = subprocess.run([PYTHON, script], capture_output=True, text=True)
    assert (done.code, done.out) == (expected.returncode, expected.stdout)
    assert done.log[0] == f"ending {code}"
    if "= =" not in text:
        assert done.err == expected.stderr


def test_resumed_main_is_the_module_main(drive):
    done = drive("""
        import sys, atexit, pickle
        class C: pass
        atexit.register(print, "bye")
        print(__name__, sys.modules["__main__"].__dict__ is globals(), sorted(globals()))
        print(type(pickle.loads(pickle.dumps(C()))) is C)
    """, words=["-c", "never run"], DRIVER_RESUME="script.py")
    assert done.out.splitlines() == [
        "__main__ True ['C', '__annotations__', '__builtins__', '__doc__', '__loader__', '__name__', "
        "'__package__', '__spec__', 'atexit', 'pickle', 'sys']", "True", "bye"]
    assert done.code == 0


def test_hash_seed_is_known(drive, tmp_path):
    text = "import sys; print(hash('x'), sys.flags.hash_randomization)"
    first = drive(text)
    seed = (tmp_path / "log").read_text().split()[1]
    again = subprocess.run([PYTHON, "-c", text], env={**os.environ, "PYTHONHASHSEED": seed},
                           capture_output=True, text=True)
    assert again.stdout == first.out and first.out.split()[1] == "1"
    drive(text, PYTHONHASHSEED="77")
    assert (tmp_path / "log").read_text().split()[1] == "77"
    drive(text, "-uE", PYTHONHASHSEED="77")
    assert (tmp_path / "log").read_text().split()[1] != "77"
    done = drive(text, PYTHONHASHSEED="0")
    assert done.out.split()[1] == "0"
