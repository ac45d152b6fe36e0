# SPDX-License-Identifier: BSD-3-Clause
"""CPython's own tests (`-m test`), run by the interpreter or by chkpt-mpi, and their verdicts."""
import subprocess
import xml.etree.ElementTree as ElementTree

import harness

TIMEOUT_S = 600


class Suite:
    """One running `-m test`, and its tests' verdicts."""

    def __init__(self, command, tests, folder):
        folder.mkdir(parents=True)
        (folder / "tmp").mkdir()
        self._report = folder / "report.xml"
        self._log = folder / "log"
        env = harness.environment(folder / "tmp")
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # some of these tests look for .pyc files
        env.pop("PYTHONPATH", None)
        env["HOME"] = str(folder / "tmp")  # interactive interpreters keep a history there
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [*map(str, command), "-m", "test", "--junit-xml", self._report, *tests],
                cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)

    def code(self):
        return self._process.wait(TIMEOUT_S)

    def log(self):
        return self._log.read_text(errors="replace")

    def verdicts(self):
        self.code()
        assert self._report.exists(), self.log()[-3000:]
        found = {}
        for case in ElementTree.parse(self._report).iter("testcase"):
            kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            found[case.get("name")] = (case.get("result"), kinds)
        return found
