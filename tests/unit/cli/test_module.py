# SPDX-License-Identifier: BSD-3-Clause
"""The module chkpt: under plain python3, in continue mode, and in tracked mode."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = os.environ["CHKPT_PYTHON"]
PACKAGES = Path(__file__).resolve().parents[3] / "lib" / "python"

EVERYTHING = """
    import chkpt
    from chkpt import Checkpoint
    class Data: pass
    data = Data(); data.x = [1]
    assert chkpt.track(data) is data and chkpt.track(data, "name") is data
    assert chkpt.track_library(chkpt) is chkpt
    assert chkpt.snapshot() is False and chkpt.snapshot("a") is False
    assert chkpt.snapshot(name="b", wait=False) is False
    with chkpt.no_snapshot(): pass
    @chkpt.on_snapshot
    def before(): print("before")
    chkpt.on_resume(before)
    chkpt.untrack(data)
    print(chkpt.info().get("run_id"), chkpt.info()["active"])
    try:
        Checkpoint.get_global_singleton()
        print("singleton")
    except AssertionError as error:
        print(error)
"""


def plain(text, *words, **variables):
    return subprocess.run([PYTHON, *(words or ["-c", text])], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGES), **variables})


def dedented(text):
    import textwrap
    return textwrap.dedent(text)


def test_does_nothing_under_python3():
    done = plain(dedented(EVERYTHING))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "None False\nnot running under chkpt-mpi\n"


def test_does_nothing_when_no_checkpoints_are_taken(drive):
    done = drive(EVERYTHING, mode="inactive")
    assert (done.code, done.out, done.err) == (0, "None False\nnot running under chkpt-mpi\n", "")


def test_everything_in_continue_mode(drive):
    done = drive(EVERYTHING)
    assert (done.code, done.out, done.err) == (0, "driven True\nsingleton\n", "")
    assert done.log[:3] == ["snapshot - free", "snapshot a free", "snapshot b behind free"]


def test_the_original_tool_s_way(drive):
    done = drive("""
        import sys
        from chkpt import Checkpoint
        cp = Checkpoint.get_global_singleton()
        cp.frequency = -1
        cp.min_obj_size = -1
        state = {}
        cp.track(state)
        print(cp.frequency, cp.min_obj_size, cp.tracked_objects == [state], cp.snapshot(f"iter{3}"))
        print(Checkpoint.get_global_singleton() is cp, "_chkpt_native" in sys.modules)
        cp.untrack(state)
        print(cp.tracked_objects)
    """)
    assert done.out.splitlines() == ["-1 -1 True False", "True False", "[]"]
    assert done.log[0] == "snapshot iter3 free"


def test_snapshot_is_called_directly_and_pickles_by_name(drive):
    done = drive("""
        import chkpt, pickle
        from chkpt import Checkpoint
        cp = Checkpoint.get_global_singleton()
        print(type(chkpt.snapshot).__name__, cp.snapshot is chkpt.snapshot)
        print(chkpt.snapshot.__module__, pickle.loads(pickle.dumps(cp.snapshot)) is chkpt.snapshot)
    """)
    assert done.out.split() == ["builtin_function_or_method", "True", "chkpt", "True"]


def test_no_snapshot_holds(drive):
    done = drive("""
        import chkpt
        with chkpt.no_snapshot():
            with chkpt.no_snapshot(): pass
            try: chkpt.snapshot("in")
            except RuntimeError as error: print(error)
        try:
            with chkpt.no_snapshot(): 1/0
        except ZeroDivisionError: pass
        chkpt.snapshot("out")
    """)
    assert done.out == "chkpt.snapshot() inside chkpt.no_snapshot()\n"
    assert done.log[0] == "snapshot out free"


@pytest.mark.parametrize("line", [
    "chkpt.snapshot(3)", "chkpt.snapshot('a', 'b')", "cp.frequency = -2", "cp.frequency = 'x'",
    "cp.min_obj_size = 1.5", "cp.frequency = 10**30"])
def test_wrong_arguments(drive, line):
    done = drive(f"import chkpt; cp = chkpt.Checkpoint.get_global_singleton(); {line}")
    assert done.code == 1 and "Error" in done.err and done.log[0] == "ending 1"


def test_module_state_survives(drive, tmp_path):
    saved = str(tmp_path / "saved")
    text = """
        import chkpt, sys
        cp = chkpt.Checkpoint.get_global_singleton()
        def before(): print("before")
        def after(): print("after")
        if "first" in sys.argv:
            chkpt.track([1, 2]); chkpt.track({3}, "three")
            chkpt.on_snapshot(before); chkpt.on_resume(after)
            cp.frequency = 250
            chkpt.snapshot("save")
        else:
            print(chkpt.snapshot("give back"), cp.tracked_objects, cp.frequency)
            chkpt.track("next")
            print(list(chkpt._tracked))
    """
    first = drive(text, words=["script.py", "first"], DRIVER_SAVED=saved)
    assert (first.code, first.out) == (0, "before\n")
    second = drive(text, DRIVER_SAVED=saved)
    assert second.out.splitlines() == [
        "after", "True [[1, 2], {3}] 250", "[('call', 0), 'three', ('call', 1)]"]


TRACKED = """
    import sys
    from dataclasses import dataclass, field
    import chkpt
    try:
        import numpy
        grid = numpy.zeros((2, 3))
    except ImportError:
        grid = []

    @dataclass
    class Point:
        x: int
        path: list = field(default_factory=list)
    class Slotted:
        __slots__ = ("a", "__b")
        def __init__(self): self.a, self.__b = 0, 0
        def set(self): self.a, self.__b = 1, 2
        def get(self): return self.a, self.__b
    class Table(dict): pass

    point, slotted, table = Point(1), Slotted(), Table(a=1)
    numbers, names, raw = [1], {1}, bytearray(b"x")
    table.me, point.other = point, table
    table.self = table
    inner = point.path
    first = "first" in sys.argv
    if first:
        for obj in (point, slotted, table, numbers, names, raw): chkpt.track(obj)
        chkpt.track(grid, "grid")
        point.x = 7; point.path += [Point(3)]; slotted.set(); table["b"] = 2; table.extra = 5
        numbers += [2, numbers]; names |= {"n"}; raw += b"yz"; grid[:] = [1.5] * (grid == [] or 3)
        chkpt.snapshot()
    else:
        for obj in (point, slotted, table, numbers, names, raw): assert chkpt.track(obj) is obj
        chkpt.track(grid, "grid")
        chkpt.snapshot()
    print(point.x, point.path, type(point.path[0]) is Point, slotted.get(), dict(table), table.extra)
    print(table.me is point, point.other is table, table.self is table, point.path is inner)
    print(numbers[:2], numbers[2] is numbers, sorted(map(str, names)), raw, list(map(str, grid)))
"""


def test_tracked_contents_come_back_in_place(drive, tmp_path):
    saved = str(tmp_path / "saved")
    first = drive(TRACKED, mode="tracked", words=["script.py", "first"], DRIVER_SAVED=saved)
    assert first.code == 0, first.err
    second = drive(TRACKED, mode="tracked", DRIVER_SAVED=saved)
    assert second.code == 0, second.err
    assert second.out == first.out.replace("True True True True", "True True True False")
    third = drive(TRACKED, mode="tracked", DRIVER_SAVED=saved, DRIVER_HOOKS="late")
    assert third.out == second.out


def test_tracked_refusals(drive, tmp_path):
    saved = str(tmp_path / "saved")
    done = drive("import chkpt; chkpt.track(3, 'three')", mode="tracked")
    assert "track(three): a int cannot be restored in place" in done.err
    done = drive("import chkpt; chkpt.track([lambda: 1], 'f'); chkpt.snapshot()", mode="tracked",
                 DRIVER_SAVED=saved)
    assert "tracked f: " in done.err and done.code == 1
    drive("import chkpt; chkpt.track([1], 'a'); chkpt.snapshot()", mode="tracked",
          DRIVER_SAVED=saved)
    done = drive("import chkpt; chkpt.track({}, 'a')", mode="tracked", DRIVER_SAVED=saved)
    assert "tracked a: saved as another type, now dict" in done.err


def test_tracked_reference_to_an_object_that_is_not_tracked_again(drive, tmp_path):
    saved = str(tmp_path / "saved")
    drive("import chkpt; b = []; chkpt.track([b], 'a'); chkpt.track(b, 'b'); chkpt.snapshot()",
          mode="tracked", DRIVER_SAVED=saved)
    done = drive("import chkpt; chkpt.track([], 'a'); chkpt.snapshot()", mode="tracked",
                 DRIVER_SAVED=saved)
    assert "tracked a cannot be restored" in done.err
    done = drive("import chkpt; a = chkpt.track([], 'a'); b = chkpt.track([], 'b'); chkpt.snapshot()"
                 "; print(a[0] is b)", mode="tracked", DRIVER_SAVED=saved)
    assert done.out == "True\n"


def test_tracked_contents_are_kept_until_tracked_again(drive, tmp_path):
    saved = str(tmp_path / "saved")
    drive("""
        import chkpt
        chkpt.track(bytearray(b"one"), "one"); chkpt.track({"two": [2] * 9}, "two")
        chkpt.track([chkpt.Checkpoint], "three"); chkpt.snapshot()
    """, mode="tracked", DRIVER_SAVED=saved)
    middle = drive("import chkpt; print(chkpt.track([], 'three'), chkpt.snapshot())",
                   mode="tracked", DRIVER_SAVED=saved)
    assert middle.out == "[<class 'chkpt.Checkpoint'>] False\n", middle.err
    done = drive("import chkpt; print(chkpt.track(bytearray(), 'one'), chkpt.track({}, 'two'))",
                 mode="tracked", DRIVER_SAVED=saved)
    assert done.out == "bytearray(b'one') {'two': [2, 2, 2, 2, 2, 2, 2, 2, 2]}\n"


def test_arrays_inside_tracked_objects_are_their_own(drive, tmp_path):
    if subprocess.run([PYTHON, "-c", "import numpy"], capture_output=True).returncode:
        pytest.skip(f"{PYTHON} has no numpy")
    saved = str(tmp_path / "saved")
    text = """
        import sys, chkpt, numpy
        class C: pass
        c, f = C(), numpy.zeros((2, 3), order="F")
        chkpt.track(c, "c"); chkpt.track(f, "f")
        if "first" in sys.argv:
            c.a = numpy.arange(6.0).reshape(2, 3).T
            f[:] = [[1, 2, 3], [4, 5, 6]]
        chkpt.snapshot()
        c.a += 1
        print(c.a.tolist(), c.a.flags.writeable, f.tolist())
    """
    first = drive(text, mode="tracked", words=["script.py", "first"], DRIVER_SAVED=saved)
    for _ in range(2):
        again = drive(text, mode="tracked", DRIVER_SAVED=saved)
        assert again.out == first.out and "[[1.0, 2.0, 3.0]" in first.out, again.err


def test_tracked_globals_and_libraries(drive, tmp_path):
    saved = str(tmp_path / "saved")
    (tmp_path / "settings.py").write_text("LEVEL = 1\ndef f(): pass\n")
    text = """
        import sys, chkpt, settings
        cp = chkpt.Checkpoint.get_global_singleton()
        cp.min_obj_size = 1000
        big, small, number = [0] * 500, [0], 5
        chkpt.track_library(settings)
        if "first" in sys.argv:
            big[0] = small[0] = number = settings.LEVEL = 9
            chkpt.snapshot()
        print(big[0], small[0], number, settings.LEVEL)
    """
    assert drive(text, mode="tracked", words=["script.py", "first"], DRIVER_SAVED=saved).out == "9 9 9 9\n"
    assert drive(text, mode="tracked", DRIVER_SAVED=saved).out == "9 0 5 9\n"


def test_python_m_chkpt_starts_the_program(tmp_path):
    program = tmp_path / "chkpt-mpi"
    program.write_text('#!/bin/sh\nprintf "<%s>" "$@"\nexit 7\n')
    program.chmod(0o755)
    words = ["-m", "chkpt", "-z", "-1", "-f", "-1", "-v", "./a b.py"]
    expected = (7, "<-z><-1><-f><-1><-v><./a b.py>")
    done = plain("", *words, CHKPT_MPI=str(program))
    assert (done.returncode, done.stdout) == expected
    done = plain("", *words, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == expected
    done = plain("", *words, CHKPT_MPI="/nonexistent")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "chkpt: $CHKPT_MPI (/nonexistent) is not an executable program; " \
                          "set CHKPT_MPI or PATH\n"


def test_python_m_chkpt_finds_the_program_of_its_prefix(tmp_path):
    package = tmp_path / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    package = package / "site-packages" / "chkpt"
    package.mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "_saving.py"):
        (package / name).write_bytes((PACKAGES / "chkpt" / name).read_bytes())
    program = tmp_path / "bin" / "chkpt-mpi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    done = plain("", "-m", "chkpt", PYTHONPATH=str(package.parent))
    assert done.stdout == "found\n"
