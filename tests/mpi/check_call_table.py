#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks lib/mpi/interpose/mpi_calls.txt: every MPI function that mpi4py imports is classified, the
program defines exactly the classes that are wrapped, and the generated file is up to date."""
import argparse
import importlib.util
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def symbols(path, kinds, dynamic):
    command = ["nm", "-D", path] if dynamic else ["nm", path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = (line.split()[-2:] for line in text.splitlines())
    return {name.split("@")[0] for kind, name in found if kind in kinds and name.startswith("MPI_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()

    table = {}
    for line in (ROOT / "lib/mpi/interpose/mpi_calls.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind = line.split()
            table[name] = kind

    extension = pathlib.Path(importlib.util.find_spec("mpi4py").origin).parent
    imported = set()
    for path in extension.glob("MPI.*.so"):
        imported |= symbols(str(path), "U", True)
    problems = [f"mpi4py imports {name}, which is not classified"
                for name in sorted(imported - set(table))]
    if not imported:
        problems.append("mpi4py's extension module was not found")

    defined = symbols(options.program, "TWi", False)
    wrapped = {name for name, kind in table.items() if kind != "passed"}
    problems += [f"{name} is {table[name]} but not wrapped" for name in sorted(wrapped - defined)]
    problems += [f"{name} is wrapped but {table.get(name, 'not classified')}"
                 for name in sorted(defined - wrapped)]

    check = subprocess.run([sys.executable, str(ROOT / "scripts/generate_mpi_wrappers.py"),
                            "--check"], capture_output=True, text=True)
    if check.returncode:
        problems.append(check.stderr.strip())
    print("\n".join(problems) or f"{len(imported)} imported functions, all classified")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
