# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A threading.local, context variables in generators and contexts, tokens, decimal contexts of their own."""
import contextvars
import decimal
import threading

from digest import Digest, report

depth = contextvars.ContextVar("depth", default=0)
path = contextvars.ContextVar("path")


local = threading.local()
local.total, local.items, local.history = 0, [3], []


def spin(n):
    total = 0
    for i in range(n % 11):
        total += i
    return total


def descending(n):
    token = depth.set(depth.get() + 1)
    try:
        yield depth.get(), spin(n)
        if n:
            yield from descending(n - 1)
        yield path.get("nowhere")
    finally:
        depth.reset(token)
        local.history.append((depth.get(), token.var.name, spin(n)))


def inside(n):
    path.set(f"at {n}")
    local.total += spin(n)
    local.items.append(depth.get())
    del local.items[:-5]
    return [step for step in descending(n % 6)], path.get()


def thirds(n):
    with decimal.localcontext() as context:
        for digits in range(3, 3 + n % 9):
            context.prec = digits
            yield decimal.Decimal(n) / 3
    yield decimal.getcontext().prec


digest = Digest()
contexts = [contextvars.copy_context() for _ in range(4)]
for n in range(24000):
    context = contexts[n % 4]
    digest.add(context.run(inside, n), dict(sorted((v.name, x) for v, x in context.items())))
    digest.add(path.get("unset"), depth.get(), local.total, local.items, local.history)
    local.history.clear()
    digest.add([str(x) for x in thirds(n)])
    if n % 40 == 39:
        contexts[n % 4] = context.copy()
        path.set(n)
report("local_contexts", digest)
