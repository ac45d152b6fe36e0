# SPDX-License-Identifier: BSD-3-Clause
"""B9: one snapshot of 200 000 small instances, beside pickle.dumps of them and a durable write.

Runs under chkpt-mpi only. Prints seconds of each in every round:
{"dumps": [...], "durable": [...], "snapshot": [...]}; "durable" is dumps, write and fsync.
"""
import json
import os
import pickle
import sys
import time

import chkpt


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


def main(rounds):
    particles = [Particle(i) for i in range(200000)]
    seconds = {"dumps": [], "durable": [], "snapshot": []}
    for _ in range(rounds):
        seconds["dumps"].append(timed(pickle.dumps, particles, 5))
        seconds["durable"].append(timed(durable, particles))
        seconds["snapshot"].append(timed(chkpt.snapshot))
    os.unlink("pickle.tmp")
    print(json.dumps(seconds))


main(int(sys.argv[1]))
