# SPDX-License-Identifier: BSD-3-Clause
"""`python3 -m chkpt ARGS` is `chkpt-mpi ARGS`."""
import os
import shutil
import sys


def find_program():
    """$CHKPT_MPI, else the bin folder of the prefix this package is installed in, else PATH."""
    wanted = os.environ.get("CHKPT_MPI")
    if wanted:
        return shutil.which(wanted)
    # PREFIX/lib/python3.X/site-packages/chkpt/__main__.py
    prefix = os.path.abspath(__file__)
    for _ in range(5):
        prefix = os.path.dirname(prefix)
    return shutil.which(os.path.join(prefix, "bin", "chkpt-mpi")) or shutil.which("chkpt-mpi")


def main():
    program = find_program()
    if program is None:
        wanted = os.environ.get("CHKPT_MPI")
        where = f"$CHKPT_MPI ({wanted})" if wanted else "chkpt-mpi"
        sys.stderr.write(f"chkpt: {where} is not an executable program; set CHKPT_MPI or PATH\n")
        return 2
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
