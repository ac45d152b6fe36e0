# SPDX-License-Identifier: BSD-3-Clause
"""Writes through a descriptor that os.open() made before the snapshot it is killed after."""
import os
import signal

import chkpt

raw = os.open("raw.txt", os.O_WRONLY | os.O_CREAT)
os.write(raw, b"before\n")
if not chkpt.snapshot():
    os.kill(os.getpid(), signal.SIGKILL)
with open("other.txt", "w") as other:
    os.write(raw, b"after\n")
