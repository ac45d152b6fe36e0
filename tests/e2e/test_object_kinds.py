# SPDX-License-Identifier: BSD-3-Clause
"""What lib/python/heap/OBJECTS.md says of each kind of object is so.

The kinds are in objects/: what comes back is held half-way while the process is killed, and must go
on in the next one as under python3; what is refused must be refused with the text of its row. The
page is written from the same rows: `python3 test_object_kinds.py` writes it anew.
"""
import ast
import re
import sys
from pathlib import Path

import pytest

import harness
from harness import CHKPT_MPI, PYTHON

OBJECTS = Path(__file__).resolve().parent / "objects"
RUN = OBJECTS / "run.py"
PAGE = harness.ROOT / "lib" / "python" / "heap" / "OBJECTS.md"
MODULES = ["containers", "language", "foreign", "library", "connections", "streams", "archives", "documents", "arrays",
           "packages"]
HEAD = """# What a script may hold at a snapshot

Every row is a test: `tests/e2e/objects/` brings such an object half-way, takes a snapshot, kills the
process, resumes, goes on with the object, and compares with `python3`. This page is written from
those tests by `tests/e2e/test_object_kinds.py`; change it there.

*exact*: goes on as if nothing had happened, with identity and sharing (which of several equal numbers
are one object is not kept). *re-made*: works on, with what is noted. *refused*: while it is held no
snapshot is taken, which is said with this text and the object's path; the script goes on, the last good
snapshot stays, the next comes when it is gone.
Classes and functions of the script, and of libraries written in Python, are made of these.
"""


def rows(module):
    """[what it is, outcome, text...] of each kind, and the module's title."""
    tree = ast.parse((OBJECTS / f"{module}.py").read_text())
    found = [ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = [[part.strip() for part in text.split("|")] for text in found if "|" in text]
    return ast.get_docstring(tree), found


def refused_texts(module):
    return [row[2] for row in rows(module)[1] if row[1] == "refused"]


def outcome_text(outcome, text=""):
    if outcome == "refused":
        return f'refused: "{text}"'
    return "exact" if outcome == "exact" else f"re-made: {text}"


def page():
    lines = [HEAD]
    for module in MODULES:
        title, found = rows(module)
        order = {"exact": 0, "noted": 1, "refused": 2}
        found.sort(key=lambda row: order[row[1]])
        lines.append(f"## {title}\n\n| what | comes back |\n| --- | --- |")
        lines += [f"| {what} | {outcome_text(*how)} |" for what, *how in found]
        lines.append("")
    return "\n".join(lines)


def test_the_page_says_what_is_tested():
    assert PAGE.read_text() == page()


def skip_without(module):
    missing = harness.missing_in(OBJECTS / f"{module}.py")
    if missing:
        pytest.skip(f"{PYTHON} has no {', '.join(missing)}")


@pytest.mark.parametrize("module", MODULES)
def test_what_comes_back_goes_on_half_way(folder, work, module):
    skip_without(module)
    plain = harness.reference(RUN, 1, folder, [module, "together"])
    command = [CHKPT_MPI, "-f", "-1", "--verify-snapshots", RUN, module, "together"]
    for _ in range(2):
        killed = harness.run(command, work)
        assert killed.code == -9 and harness.snapshots(work), killed.stderr
    resumed = harness.run(command, work)
    assert (resumed.code, resumed.script_stderr) == (0, ""), resumed.stderr
    for expected, got in zip(plain.outcome.stdout.splitlines(), resumed.stdout.splitlines()):
        assert got == expected
    assert resumed.stdout == plain.outcome.stdout and b":" in resumed.stdout


@pytest.mark.parametrize("module", [module for module in MODULES if refused_texts(module)])
def test_what_is_refused_says_so_and_goes_on(folder, work, module):
    skip_without(module)
    texts = refused_texts(module)
    plain = harness.reference(RUN, 1, folder, [module, "refused"])
    done = harness.run([CHKPT_MPI, "-f", "-1", RUN, module, "refused"], work)
    assert (done.code, done.stdout) == (0, plain.outcome.stdout), done.stderr
    said = re.split(r"^kind .*\n", done.stderr, flags=re.MULTILINE)[1:]
    assert len(said) == len(texts) and not harness.snapshots(work), done.stderr
    for text, messages in zip(texts, said):
        assert f"skipped: " in messages and text in messages, messages


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.exit(0)
