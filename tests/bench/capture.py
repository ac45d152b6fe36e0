# SPDX-License-Identifier: BSD-3-Clause
"""B9: one snapshot of many small objects, beside pickle.dumps of them and a durable write.

    capture.py ROUNDS

Runs under chkpt-mpi only. Prints, for each kind of objects, seconds in every round:
{kind: {"dumps": [...], "durable": [...], "snapshot": [...]}}; "durable" is dumps, write and fsync.
"""
import json
import os
import pickle
import sys
import time

import chkpt
import numpy as np


class Particle:
    def __init__(self, number):
        self.number, self.x, self.name = number, number * 0.5, f"p{number}"


def durable(objects):
    with open("pickle.tmp", "wb") as out:
        out.write(pickle.dumps(objects, protocol=5))
        out.flush()
        os.fsync(out.fileno())


def timed(function, *arguments):
    before = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - before


KINDS = {
    "200 000 instances": lambda: [Particle(i) for i in range(200_000)],
    "1 000 000 ints in lists": lambda: [list(range(i, i + 100)) for i in range(0, 1_000_000, 100)],
    "100 000 dicts": lambda: [{"number": i, "half": i / 2} for i in range(100_000)],
    "10 000 small arrays": lambda: [np.full(20, i) for i in range(10_000)],
}


def main(rounds):
    found = {}
    for kind, make in KINDS.items():
        objects = make()
        seconds = found[kind] = {"dumps": [], "durable": [], "snapshot": []}
        for _ in range(rounds):
            seconds["dumps"].append(timed(pickle.dumps, objects, 5))
            seconds["durable"].append(timed(durable, objects))
            seconds["snapshot"].append(timed(chkpt.snapshot))
        del objects
    os.unlink("pickle.tmp")
    print(json.dumps(found))


main(int(sys.argv[1]))
