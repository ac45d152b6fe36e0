# SPDX-License-Identifier: BSD-3-Clause
"""What a snapshot of numpy arrays takes from a script: how long it blocks, how long until it is
durable, and how much later the script is for it in the end.

    blocking.py ROUNDS MIB

Runs under chkpt-mpi only. Prints [{name: {"wall": s, "cpu": s}} ...], an entry per round, for MIB of
state: "memcpy" is a copy into warm memory, "durable" write + fsync of the bytes, "waited" snapshot(),
"blocked" snapshot(wait=False), "lost" what the same and some work takes longer than the work alone. In
turn, so that a change of the machine's speed meets all of them.
"""
import glob
import json
import os
import sys
import tempfile
import time

import chkpt
import numpy as np

rounds, mib = int(sys.argv[1]), int(sys.argv[2])
ARRAYS = 8
KEPT = 2  # snapshots, by default
FOLDERS = chkpt.info()["directory"] + "/step-*"
WORK = 3  # times write + fsync: the snapshot is committed before it ends
state = [np.arange((mib << 20) // ARRAYS // 8, dtype=float) for _ in range(ARRAYS)]
copies = [array.copy() for array in state]
chkpt.exclude("copies")


def timed(work, *arguments):
    cpu, wall = time.process_time(), time.perf_counter()
    work(*arguments)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def memcpy():
    for array, copy in zip(state, copies):
        np.copyto(copy, array)


def durable():
    with tempfile.TemporaryFile(dir=".") as file:
        for array in state:
            file.write(array)
        file.flush()
        os.fsync(file.fileno())


def snapshot_behind():
    chkpt.snapshot(wait=False)


def busy(steps):
    total = 0
    for i in range(steps):
        total += i & 7
    return total


def busy_with_snapshot(steps):
    chkpt.snapshot(wait=False)
    busy(steps)


def until_committed(epoch):
    """And the one before the last has been removed: the next would wait for that."""
    while chkpt.info()["last_epoch"] < epoch or len(glob.glob(FOLDERS)) > KEPT:
        time.sleep(0.001)


chkpt.snapshot()  # the first one makes the memory warm
memcpy()
steps = int(100_000 * WORK * timed(durable)["wall"] / timed(busy, 100_000)["wall"])
found = []
for _ in range(rounds):
    measured = {"memcpy": timed(memcpy), "durable": timed(durable), "waited": timed(chkpt.snapshot)}
    epoch = chkpt.info()["last_epoch"]
    until_committed(epoch)
    measured["blocked"] = timed(snapshot_behind)
    until_committed(epoch + 1)
    alone, both = timed(busy, steps), timed(busy_with_snapshot, steps)
    until_committed(epoch + 2)
    measured["lost"] = {clock: both[clock] - alone[clock] for clock in both}
    found.append(measured)
print(json.dumps(found))
