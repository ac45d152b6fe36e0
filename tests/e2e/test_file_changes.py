# SPDX-License-Identifier: BSD-3-Clause
"""Whatever a script has done to files since a snapshot is taken back by a resume: random changes."""
from pathlib import Path

import pytest

import harness
from harness import CHKPT_MPI

SCRIPT = Path(__file__).resolve().parent / "scripts" / "changing_files.py"


@pytest.mark.parametrize("number", range(6))
def test_random_changes_are_taken_back(folder, work, request, number):
    seed = str(request.config.getoption("--seed") + number)
    plain = harness.reference(SCRIPT, 1, folder, [seed])
    command = [CHKPT_MPI, "-f", "-1", "--keep", "3", "--resume", "auto", SCRIPT, seed]
    killed = harness.run(command, work)
    assert killed.code == -9 and len(harness.snapshots(work)) == 3, (seed, killed.stderr)
    command[command.index("auto")] = ["auto", "1", "2"][number % 3]
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.script_stderr) == (0, ""), (seed, resumed.stderr)
    assert "resumed from" in resumed.stderr and "not as at the snapshot" not in resumed.stderr
    assert resumed.stdout == plain.outcome.stdout, seed
