# SPDX-License-Identifier: BSD-3-Clause
"""Rank 1 ends at once. Rank 0 takes a snapshot and kills itself, once only."""
import os
import signal
import time

import chkpt

if os.environ["OMPI_COMM_WORLD_RANK"] == "1":
    open("ended", "x").close()
else:
    while not os.path.exists("ended"):
        time.sleep(0.01)
    time.sleep(0.3)
    first = os.getpid()
    chkpt.snapshot()
    if os.getpid() == first:  # not the one that resumes
        os.kill(first, signal.SIGKILL)
    print("end of rank 0")
