#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The module `chkpt` used from a script: named snapshots of a tracked object.

    chkpt-mpi -z -1 -f -1 -v ./example.py
    python3 -m chkpt -z -1 -f -1 -v ./example.py

Kill it and give the same command again: it goes on where it was. Plain python3 runs it too.
"""
import sys
from dataclasses import dataclass, field

from chkpt import Checkpoint


@dataclass
class State:
    iteration: int = 0
    value: float = 0.5
    history: list = field(default_factory=list)


def advance(state):
    for _ in range(3000):
        state.value = 3.7 * state.value * (1.0 - state.value)
    state.iteration += 1
    if state.iteration % 50 == 0:
        state.history.append(state.value)


def main():
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    state = State()
    try:
        checkpoint = Checkpoint.get_global_singleton()
        checkpoint.frequency = -1
        checkpoint.min_obj_size = -1
        checkpoint.track(state)
    except AssertionError:
        checkpoint = None

    for i in range(state.iteration, iterations):
        advance(state)
        if i % 100 == 0:
            print(f"iteration {i}: {state.value!r}", flush=True)
            if checkpoint is not None:
                checkpoint.snapshot(f"iter{i}")
    print(f"final: {state.iteration} {state.value!r} {sum(state.history)!r}")


if __name__ == "__main__":
    main()
