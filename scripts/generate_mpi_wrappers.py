#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes lib/mpi/interpose/generated_wrappers.cpp from mpi.h and mpi_calls.txt.

The output is checked in; run this again after editing mpi_calls.txt. With --check nothing is
written and the exit code says whether the file is up to date.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "lib" / "mpi" / "interpose"

HEADER = """// SPDX-License-Identifier: BSD-3-Clause
// Written by scripts/generate_mpi_wrappers.py from mpi.h and mpi_calls.txt: do not edit.
// Collective calls, and calls that work on files, windows and processes of their own.
// clang-format off
#include "mpi/interpose/open_files.hpp"
#include "mpi/interpose/windows.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions
using chkpt::mpi::deferrals::Kind;
"""

BODIES = {
    "collective": "  Collective scope(\"{name}\", comm{entering});\n  return scope.done({call});\n",
    "icollective": "  Collective scope(\"{name}\", comm, Entering::kStarts);\n"
                   "  return scope.started({call}, request);\n",
    "file": "  const Uncounted scope(\"{name}\");\n  return {call};\n",
    "file_collective": "  Collective scope(\"{name}\", open_files::communicator(fh));\n"
                       "  return scope.done({call});\n",
    "file_icollective": "  Collective scope(\"{name}\", open_files::communicator(fh), "
                        "Entering::kStarts);\n"
                        "  return scope.started({call}, request);\n",
    "file_begin": "  Collective scope(\"{name}\", open_files::communicator(fh), Entering::kStarts);\n"
                  "  return open_files::begun(\"{name}\", fh, scope.done({call}));\n",
    "file_end": "  const Uncounted scope(\"{name}\");\n"
                "  return open_files::ended(scope.by_script(), fh, {call});\n",
    "file_start": "  const Uncounted scope(\"{name}\");\n"
                  "  return open_files::started(scope.by_script(), fh, {call}, request);\n",
    "rma": "  windows::accessed(\"{name}\", win);\n  return {call};\n",
    "rma_start": "  windows::accessed(\"{name}\", win);\n"
                 "  return windows::started(win, {call}, request);\n",
    "dynamic": "  const Uncounted scope(\"{name}\");\n"
               "  deferrals::forever(\"{name}\");\n  return {call};\n",
}

# How a call waits at the gate (collective_gate.hpp) where its arguments matter.
ENTERING = {"MPI_Bcast": ", broadcasting(count, datatype)"}


def prototypes():
    """name -> (return type, parameter list) of every function mpi.h declares."""
    shown = subprocess.run(["mpicc", "--showme:incdirs"], capture_output=True, text=True,
                           check=True).stdout.split()
    header = next(p for p in (pathlib.Path(d) / "mpi.h" for d in shown) if p.exists())
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    pattern = r"OMPI_DECLSPEC\s+(int|double)\s+(MPI_\w+)\s*\(([^;]*?)\)\s*(?:__mpi_\w+\([^;]*\))?\s*;"
    return {m.group(2): (m.group(1), re.sub(r"\s+", " ", m.group(3)).strip())
            for m in re.finditer(pattern, text, re.S)}


def calls():
    """(name, class) in the order of the table."""
    for line in (FOLDER / "mpi_calls.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split()


def argument_names(parameters):
    if parameters == "void":
        return []
    return [re.search(r"(\w+)\s*(\[[^\]]*\])*$", p.strip()).group(1)
            for p in parameters.split(",")]


def wrapper(name, kind, prototype):
    result, parameters = prototype
    call = f"P{name}({', '.join(argument_names(parameters))})"
    body = BODIES[kind].format(name=name, call=call, entering=ENTERING.get(name, ""))
    return f"\nCHKPT_WRAPPER {result} {name}({parameters}) {{\n{body}}}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    known = prototypes()
    text = HEADER + "".join(wrapper(name, kind, known[name])
                            for name, kind in calls() if kind in BODIES)
    target = FOLDER / "generated_wrappers.cpp"
    if not options.check:
        target.write_text(text)
    elif target.read_text() != text:
        sys.exit(f"{target} is out of date: run scripts/generate_mpi_wrappers.py")


if __name__ == "__main__":
    main()
