# SPDX-License-Identifier: BSD-3-Clause
"""B5: a program that is over as soon as it has started, with mpi4py if its argument says so.

    startup.py [mpi4py]
"""
import sys

if sys.argv[1:] == ["mpi4py"]:
    from mpi4py import MPI

    MPI.COMM_WORLD.Barrier()
