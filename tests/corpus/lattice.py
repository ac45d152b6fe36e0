# SPDX-License-Identifier: BSD-3-Clause
"""A module of the user's own with state at module level; imported by user_module.py."""
cells = [0] * 64
generation = 0
observers = []
_cache = {}


class Observer:
    def __init__(self, every):
        self.every, self.seen = every, []

    def __call__(self):
        if generation % self.every == 0:
            self.seen.append(sum(cells))
            del self.seen[:-20]


def rule(number):
    if number not in _cache:
        _cache[number] = [(number >> k) & 1 for k in range(8)]
    return _cache[number]


def advance(number):
    global cells, generation
    table = rule(number)
    n = len(cells)
    cells = [table[4 * cells[i - 1] + 2 * cells[i] + cells[(i + 1) % n]] for i in range(n)]
    generation += 1
    for observer in observers:
        observer()
