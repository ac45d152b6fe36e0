# SPDX-License-Identifier: BSD-3-Clause
"""Rank 1 ends at once. Rank 0 takes snapshots of the run, kills itself after the last, once only."""
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
    chkpt.snapshot()
    if not os.path.exists("killed"):
        open("killed", "x").close()
        os.kill(os.getpid(), signal.SIGKILL)
    print("end of rank 0")
