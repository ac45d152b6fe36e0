# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Closures that share cells, nonlocal counters, late binding, functions made at run time."""
from digest import Digest, report


def account(balance):
    history = []

    def deposit(amount):
        nonlocal balance
        balance += amount
        history.append(amount)
        if len(history) > 5000:
            history.clear()
        return balance

    def undo():
        nonlocal balance
        if history:
            balance -= history.pop()
        return balance

    def peek():
        return balance, len(history)

    return deposit, undo, peek


def compose(*functions):
    def composed(x):
        for function in functions:
            x = function(x)
        return x
    return composed


def make_polynomial(coefficients):
    return lambda x, c=tuple(coefficients): sum(a * x ** k for k, a in enumerate(c)) % 10007


def walk(n):
    late = [lambda: n for _ in range(3)]
    for i in range(n):
        n = n - 1 if i % 2 else n
        if late[i % 3]() != n:
            raise AssertionError
    return n


deposit, undo, peek = account(100)
steps = [make_polynomial([i, 1, i + 2]) for i in range(6)]
machine = compose(*steps, lambda x: x ^ 5, compose(*steps[::-1]))
digest = Digest()
x = 1
for i in range(1400000):
    x = machine(x + i) if i % 8 == 0 else x
    deposit(x % 13)
    if x % 3 == 0:
        undo()
    if i % 10000 == 0:
        digest.add(i, x, peek(), walk(40))
        steps[i % 6] = make_polynomial([x, i, 7])
        machine = compose(*steps, machine)
        if i % 40000 == 0:
            machine = compose(*steps)
report("closures", digest)
