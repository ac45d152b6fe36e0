# SPDX-License-Identifier: BSD-3-Clause
"""Random programs (random_program.py) go on from snapshots at random steps as if nothing had been.

--kills N tries N snapshots; --seed S names the first program.
"""
import random
import shutil
import subprocess

import harness
import random_program
from harness import CHKPT_MPI, PYTHON

SNAPSHOTS_OF_EACH = 4
DEFAULT_SNAPSHOTS = 12
MOMENTARY = "event loop that is just being"  # made or closed; as yet
ARMED = [CHKPT_MPI, "-f", "-1", "--keep", "100", "--stdout", "out"]


def unbroken(work, script):
    return subprocess.run([PYTHON, script], cwd=work, text=True, timeout=60, check=False, capture_output=True,
                          env=harness.environment(work.parent / "tmp"))


def resumed_from_each(work, command, expected, what):
    """How many snapshots there are. Each is resumed in the folder as the run has left it."""
    before = work.parent / "before"
    shutil.copytree(work, before)
    for mark in before.rglob("FINISHED"):
        mark.unlink()
    epochs = [int(folder.name.split("-")[1]) for folder in harness.snapshots(before)]
    for epoch in epochs:
        shutil.rmtree(work)
        shutil.copytree(before, work)
        outcome = harness.run([*ARMED, "--resume", str(epoch), *command], work)
        assert any("resumed from epoch" in line for line in outcome.messages), f"{what}: {outcome.stderr}"
        assert (outcome.code, (work / "out").read_text()) == (0, expected), f"{what}, snapshot {epoch}"
    shutil.rmtree(before)
    return len(epochs)


def test_random_programs_go_on_where_they_were(work, request):
    seed = request.config.getoption("--seed")
    wanted = request.config.getoption("--kills") or DEFAULT_SNAPSHOTS
    (work.parent / "tmp").mkdir()
    tried = 0
    while tried < wanted:
        script = work / "program.py"
        script.write_text(random_program.Program(seed).text())
        plain = unbroken(work, script)
        assert plain.returncode == 0, plain.stderr
        steps = range(1, plain.stdout.count("\n") + 1)
        stops = sorted(random.Random(seed).sample(steps, min(SNAPSHOTS_OF_EACH, len(steps))))
        command = [script, *map(str, stops)]
        outcome = harness.run([*ARMED, *command], work)
        what = f"program {seed}, steps {stops}"
        assert (outcome.code, (work / "out").read_text()) == (0, plain.stdout), f"{what}: {outcome.stderr}"
        refusals = [line for line in outcome.messages
                    if "skipped" in line and MOMENTARY not in line]
        assert not refusals, f"{what}: {outcome.stderr}"
        tried += resumed_from_each(work, command, plain.stdout, what)
        shutil.rmtree(work)
        work.mkdir()
        seed += 1
