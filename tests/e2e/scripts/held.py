# SPDX-License-Identifier: BSD-3-Clause
"""held.py: computes for a second inside chkpt.no_snapshot() and for a second outside."""
import time

import chkpt


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return chkpt.info().get("last_epoch", 0)


with chkpt.no_snapshot():
    held = compute(1.0)
print("held:", held, "free:", compute(1.0) > 0)
