# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Async generators by hand: asend, athrow, aclose, async comprehensions, cancelled coroutines."""
import contextlib
import types
from digest import Digest, report


@types.coroutine
def pause(value):
    got = yield value
    return got


log = []


def busy(n):
    t = 0
    for i in range(n % 15):
        t += i
    return t


async def source(n):
    try:
        for i in range(n):
            try:
                sent = yield i + await pause(busy(i))
                if sent:
                    log.append(("sent", sent))
            except ValueError as e:
                log.append(("caught", str(e), await pause("c")))
                yield -1
    finally:
        log.append(("closing", busy(n), await pause("x")))


@contextlib.asynccontextmanager
async def scope(name):
    log.append(("enter", name, await pause(1)))
    try:
        yield busy(len(name) + 6)
    finally:
        log.append(("leave", name, await pause(2)))


async def consume(n):
    total = [x async for x in source(n) if busy(x) % 2 == 0]
    table = {x: busy(x) async for x in source(3)}
    async with scope("s") as s, contextlib.AsyncExitStack() as stack:
        t = await stack.enter_async_context(scope("inner"))
        g = source(n)
        out = [await g.asend(None)]
        try:
            out.append(await g.asend(n))
            out.append(await g.athrow(ValueError(n)))
            out.append(await anext(g, "default"))
        except StopAsyncIteration:
            out.append("stop")
        await g.aclose()
        async with contextlib.aclosing(source(n)) as last:
            async for x in last:
                if x > 40:
                    break
            else:
                out.append("else")
        return total, table, s, t, out


class Countdown:
    def __init__(self, n):
        self.n = n
    def __aiter__(self):
        return self
    async def __anext__(self):
        if self.n <= 0:
            raise StopAsyncIteration
        self.n -= 1
        busy(self.n)
        return self.n + await pause("n")


async def chained(n):
    first = [y async for y in Countdown(n)] + [await pause(z) for z in range(2)]
    return first, [a async for a in source(2) async for b in Countdown(2)]


def run(coroutine, answers, stop_after=None):
    requests = 0
    value = None
    while True:
        try:
            if stop_after is not None and requests >= stop_after:
                value = None
                coroutine.throw(KeyError("cancel"))
            else:
                coroutine.send(value)
        except StopIteration as stop:
            return requests, stop.value
        except KeyError as e:
            return requests, repr(e)
        requests += 1
        value = answers + requests


digest = Digest()
waiting = []
for i in range(6000):
    digest.add(run(consume(i % 13 + 1), i % 5))
    digest.add(run(chained(i % 9), i % 3))
    digest.add(run(consume(i % 7 + 2), 1, stop_after=i % 11))
    c = consume(4)
    digest.add(c.send(None))
    waiting.append(c)
    if len(waiting) > 5:
        old = waiting.pop(0)
        try:
            for k in range(30):
                old.send(k)
        except StopIteration as stop:
            digest.add(stop.value)
    digest.add(log)
    log.clear()
for c in waiting:
    try:
        c.throw(KeyError("end"))
        c.close()
    except (KeyError, RuntimeError) as e:
        digest.add(type(e).__name__)
report("async_generators", digest)
