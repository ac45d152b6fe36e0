#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Searches the model of the cut (cut.pml) exhaustively: no error in it, and each mistake that is
built in on purpose is found. Exit code 77: spin or a C compiler is missing."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).with_name("cut.pml")
EXPECTED = {0: None, 1: "assertion violated", 2: "invalid end state"}


def search(broken, folder):
    """The first error as spin words it, or None; and how many states were visited."""
    subprocess.run(["spin", f"-DBROKEN={broken}", "-a", MODEL], cwd=folder, check=True)
    options = ["-w", "-O1" if broken == 0 else "-O0", "-DSAFETY", "-DMEMLIM=3000"]
    subprocess.run(["cc", *options, "-o", "pan", "pan.c"], cwd=folder, check=True)
    said = subprocess.run(["./pan", "-m100000", "-w22", "-n"], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    if "max search depth too small" in said or "error: " in said:
        sys.exit(f"the search was not complete:\n{said}")
    error = re.search(r"^pan:\d+: (.*)", said, re.M)
    states = re.search(r"^\s*(\d+) states, stored", said, re.M)
    return error and error.group(1), int(states.group(1))


def main():
    for tool in ("spin", "cc"):
        if not shutil.which(tool):
            print(f"skipped: no {tool} (Debian package {'spin' if tool == 'spin' else 'gcc'})")
            sys.exit(77)
    failed = False
    for broken, expected in EXPECTED.items():
        with tempfile.TemporaryDirectory() as folder:
            error, states = search(broken, folder)
        right = error is None if expected is None else error is not None and expected in error
        failed = failed or not right
        print(f"BROKEN={broken}: {states} states, {error or 'no error'}"
              f"{'' if right else ' (WRONG)'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
