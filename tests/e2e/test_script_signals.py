# SPDX-License-Identifier: BSD-3-Clause
"""Handlers that the script has for signals run in the script: not in a snapshot, not before a resume has its frames."""
import textwrap

import harness
from harness import CHKPT_MPI

SCRIPT = """
    import chkpt, ipaddress, os, signal
    kept = [ipaddress.ip_address(number) for number in range(3000)]  # saved by code in Python
    places = set()
    calls = [0, 0]
    def handler(number, frame):
        calls[0] += 1
        places.add(os.path.basename(frame.f_code.co_filename))
        calls[1] += 1
    signal.signal(signal.SIGALRM, handler)
    signal.signal(signal.SIGUSR1, handler)
    for step in range(6):
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        if not chkpt.snapshot():
            os.kill(os.getpid(), signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, 0)
    signal.raise_signal(signal.SIGUSR1)
    print("ipaddress.py" in places, calls[0] == calls[1] > 0)
"""


def test_run_in_the_script_alone(work):
    (work / "script.py").write_text(textwrap.dedent(SCRIPT))
    command = [CHKPT_MPI, "-f", "-1", "--stdout", "out", "script.py"]
    outcomes = [harness.run(command, work) for _ in range(7)]
    assert [outcome.code for outcome in outcomes] == 6 * [-9] + [0], outcomes[-1].stderr
    assert all(" committed: " in outcome.stderr for outcome in outcomes[:6])
    assert (work / "out").read_text() == "False True\n"


INTERRUPTED = """
    import chkpt, ipaddress, os, signal
    kept = [ipaddress.ip_address(number) for number in range(20000)]
    class Late(Exception): pass
    def handler(number, frame):
        raise Late
    signal.signal(signal.SIGALRM, handler)
    late = 0
    for step in range(20):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.002 + 0.002 * step)
            chkpt.snapshot()
            for _ in range(10**7): pass
        except Late:
            late += 1
    print(late)
"""


def test_what_they_raise_comes_after_the_snapshot(work):
    (work / "script.py").write_text(textwrap.dedent(INTERRUPTED))
    outcome = harness.run([CHKPT_MPI, "-f", "-1", "script.py"], work)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout == b"20\n"
    assert "skipped" not in outcome.stderr and outcome.messages
