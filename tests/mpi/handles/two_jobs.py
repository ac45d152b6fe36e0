# SPDX-License-Identifier: BSD-3-Clause
"""two_jobs.py PROGRAM MPIEXEC RANKS CASE: runs CASE's save() in one MPI job, its load() in another."""
import importlib.util
import os
import subprocess
import sys
import tempfile

# The Python inside PROGRAM is the one that runs this file.
if importlib.util.find_spec("mpi4py") is None:
    print(f"{sys.executable} has no mpi4py")
    sys.exit(77)
program, mpiexec, ranks, case = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
environment = dict(os.environ, PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
if os.geteuid() == 0:
    environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
environment.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
with tempfile.TemporaryDirectory() as folder:
    for phase in ("save", "load"):
        command = [mpiexec, "-n", ranks, program, os.path.join(here, "phase.py"), phase, folder, case]
        done = subprocess.run(command, env=environment, timeout=100, check=False)
        if done.returncode:
            sys.exit(f"{phase} of {case} at {ranks} ranks ended with {done.returncode}")
