# SPDX-License-Identifier: BSD-3-Clause
"""What chkpt does for itself shows neither in the script's sys.modules nor in its collections of garbage."""
import subprocess
import textwrap

import harness
from harness import CHKPT_MPI, PYTHON

SCRIPT = """
    import sys
    before = set(sys.modules)
    import chkpt, os, signal
    chkpt.snapshot()
    def added():
        return sorted(name for name in set(sys.modules) - before if not name.startswith("chkpt"))
    def die(): DIES and os.kill(os.getpid(), signal.SIGKILL)
    print(added())
    if not chkpt.snapshot(): die()
    print(added())
    import copyreg, re
    class Point:
        def __init__(self): self.x = 1
    copyreg.pickle(Point, lambda point: (tuple, ((point.x, 2),)))
    chkpt.snapshot()
    import _pickle, pickle
    nameless = lambda: 1
    def check():
        print(pickle.Pickler is _pickle.Pickler, pickle.PicklingError is _pickle.PicklingError,
              pickle.dispatch_table is copyreg.dispatch_table, _pickle is sys.modules["_pickle"])
        print(pickle.loads(pickle.dumps([Point(), re.compile("a"), 1j, int])), added())
        try: pickle.dumps(nameless)
        except pickle.PicklingError as error: print(str(error)[:13])
    check()
    if not chkpt.snapshot(): die()
    check()
    chkpt.snapshot()
    check()
"""


def test_as_under_python3(work):
    (work.parent / "tmp").mkdir()
    environment = harness.environment(work.parent / "tmp")
    (work / "script.py").write_text("DIES = True" + textwrap.dedent(SCRIPT))
    (work / "plain.py").write_text("DIES = False" + textwrap.dedent(SCRIPT))
    plain = subprocess.run(
        [PYTHON, "plain.py"], cwd=work, text=True, timeout=60, check=True, capture_output=True,
        env={**environment, "PYTHONPATH": str(harness.ROOT / "lib" / "python")})
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", "--stdout", "out", "script.py"]
    outcomes = [harness.run(command, work) for _ in range(3)]
    assert [outcome.code for outcome in outcomes] == [-9, -9, 0], outcomes[-1].stderr
    assert (work / "out").read_text() == plain.stdout


def test_a_resume_leaves_no_garbage(work):
    (work / "script.py").write_text(textwrap.dedent("""
        import chkpt, gc, os, signal
        gc.collect()
        if not chkpt.snapshot(): os.kill(os.getpid(), signal.SIGKILL)
        print(gc.collect())
    """))
    command = [CHKPT_MPI, "-f", "-1", "script.py"]
    killed, resumed = (harness.run(command, work) for _ in range(2))
    assert (killed.code, resumed.code, resumed.stdout) == (-9, 0, b"0\n"), resumed.stderr
