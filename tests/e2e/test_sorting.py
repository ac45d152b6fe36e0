# SPDX-License-Identifier: BSD-3-Clause
"""A list that a key function changes while it is sorted tells so afterwards, also where a resume
finishes the very call that changes it."""
import pytest

import harness
from harness import CHKPT_MPI

SCRIPT = harness.ROOT / "tests" / "e2e" / "scripts" / "changed_while_sorted.py"
CASES = ["stop", "stop append", "append stop", "append stop pop", "stop append pop", "append pop stop",
         "stop append clear", "stop clear", "stop assign", "stop append raise", "stop raise", "stop sort",
         "stop append pop stop", "stop stop", "stop stop append clear stop"]


@pytest.mark.parametrize("case", CASES)
def test_a_list_tells_that_it_was_changed(case, folder, work):
    for call in "2", "4":
        arguments = [call, *case.split()]
        expected = harness.reference(SCRIPT, 1, folder / call, arguments)
        command = [CHKPT_MPI, "-f", "-1", SCRIPT, *arguments]
        for _ in range(case.count("stop")):
            assert harness.run(command, work).code == -9
        resumed = harness.run(command, work)
        assert resumed.code == 0 and resumed.stdout == expected.outcome.stdout, resumed.stderr
