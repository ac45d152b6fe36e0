# SPDX-License-Identifier: BSD-3-Clause
"""A script that uses h5py itself never meets the HDF5 library inside chkpt-mpi."""
import pytest

import harness
from harness import CHKPT_MPI

SCRIPT = harness.ROOT / "tests" / "e2e" / "scripts" / "using_h5py.py"


@pytest.mark.parametrize("ranks", [1, 2])
def test_undisturbed_by_snapshots(ranks, work, folder):
    expected = harness.reference(SCRIPT, ranks, folder, ["60"])
    assert expected.outcome.code == 0, expected.outcome.stderr
    outcome = harness.run([CHKPT_MPI, "-f", "50", SCRIPT, "60"], work, ranks)
    assert outcome.code == 0, outcome.stderr
    assert harness.newest_epoch(work) >= 1, outcome.stderr
    assert "HDF5-DIAG" not in outcome.stderr
    for rank in range(ranks):
        name = f"result-{rank}.txt"
        assert (work / name).read_bytes() == expected.files[name]


@pytest.mark.parametrize("ranks", [1, 2])
def test_killed_and_resumed(ranks, work, folder):
    expected = harness.reference(SCRIPT, ranks, folder, ["100"])
    harness.run_until_snapshots([CHKPT_MPI, "-f", "50", SCRIPT, "100"], work, ranks, committed=1)
    outcome = harness.run([CHKPT_MPI, "-f", "1000", SCRIPT, "100"], work, ranks)
    assert outcome.code == 0, outcome.stderr
    assert any("resumed from" in line for line in outcome.messages)
    for rank in range(ranks):
        name = f"result-{rank}.txt"
        assert (work / name).read_bytes() == expected.files[name]
