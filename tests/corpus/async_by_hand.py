# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Coroutines, async generators, async with and async for driven by hand, without an event loop."""
from digest import Digest, report


class Switch:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        answer = yield self.value
        return answer


class Resource:
    opened = 0

    async def __aenter__(self):
        Resource.opened += 1
        return await Switch("open")

    async def __aexit__(self, kind, value, trace):
        await Switch("close")
        Resource.opened -= 1
        return kind is KeyError


async def numbers(n):
    try:
        for i in range(n):
            yield i + await Switch(i)
    finally:
        await Switch("end")


async def worker(name, n):
    total = 0
    async with Resource() as first:
        total += first
        async for x in numbers(n):
            total = (total * 31 + x) % 1000003
            if x % 13 == 0:
                for k in range(10):
                    total += k
        squares = [x * x async for x in numbers(5)]
        total += sum(squares)
        if n % 3 == 0:
            raise KeyError(name)
    return name, total


async def leaf(n):
    total = 0
    for k in range(n):
        total = (total * 7 + k + await Switch(k)) % 1000003
        for j in range(5):
            total ^= j
    return total


async def plain_worker(name, n):
    async with Resource() as first:
        return name, first + await leaf(n) + await leaf(n // 2)


def drive(coroutines):
    """Runs coroutines round robin; every yielded value is answered with the step number."""
    waiting = [(coroutine, None) for coroutine in coroutines]
    step, results = 0, []
    while waiting:
        coroutine, answer = waiting.pop(0)
        step += 1
        try:
            request = coroutine.send(answer)
        except StopIteration as stop:
            results.append(stop.value)
            continue
        trace.append(request)
        waiting.append((coroutine, step % 10))
    return results


trace = []
digest = Digest()
for batch in range(120):
    kind = worker if batch % 6 == 0 else plain_worker
    digest.add(drive([kind(f"w{i}", 100 + 7 * i + batch) for i in range(25)]))
    digest.add(trace[-20:], len(trace), Resource.opened)
    trace.clear()
report("async_by_hand", digest)
