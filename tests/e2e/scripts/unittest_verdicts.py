# SPDX-License-Identifier: BSD-3-Clause
"""unittest_verdicts.py FOLDER MODULE: runs FOLDER/MODULE.py's tests; each rank writes how they ended.

Errors go to standard error: a test that fails leaves the run's own code 0.
"""
import json
import sys
import unittest

folder, module = sys.argv[1:]
sys.path.insert(0, folder)
from mpi4py import MPI  # noqa: E402


class Verdicts(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.found = {}

    def note(self, test, verdict):
        self.found.setdefault(test.id(), []).append(verdict)

    def addSuccess(self, test):
        self.note(test, "passed")

    def addSkip(self, test, reason):
        self.note(test, "skipped")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error")
        print(self.errors[-1][1], file=sys.stderr)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed")
        print(self.failures[-1][1], file=sys.stderr)


verdicts = Verdicts()
unittest.defaultTestLoader.loadTestsFromName(module).run(verdicts)
rank = MPI.COMM_WORLD.rank
with open(f"verdicts-{rank}.json", "w", encoding="ascii") as out:
    json.dump(verdicts.found, out, indent=1, sort_keys=True)
