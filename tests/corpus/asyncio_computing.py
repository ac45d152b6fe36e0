# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Coroutines and callbacks that compute for long without awaiting anything: snapshots are taken inside them."""
import asyncio
import asyncio.tasks
import contextvars
import decimal
from digest import Digest, report

digest = Digest()
where = contextvars.ContextVar("where", default="outside")
where.set("main")


def busy(n):
    t = 1
    for i in range(n):
        t = (t * 17 + i) % 99991
    return t


async def deeper(n):
    total = 0
    for i in range(4):
        total += busy(n + i)
    return total


async def compute(n):
    """Every way back to the event loop."""
    where.set(f"compute {n}")
    total = await deeper(4000 + n)
    await asyncio.sleep(0)  # a bare yield
    total += busy(3000)
    if n % 4 == 1:
        raise ValueError(n, total)
    if n % 4 == 2:
        asyncio.current_task().cancel(f"by itself, {n}")
        total += busy(3000)
        await asyncio.sleep(0)  # where the cancellation arrives
    if n % 4 == 3:
        asyncio.current_task().cancel("and at once")
        return busy(3000)  # a cancelled task although it returns
    return total, where.get()


async def waiting(event, n):
    await event.wait()  # comes back by a wakeup
    return busy(4000 + n), asyncio.current_task().get_name()


async def exact(places):
    with decimal.localcontext() as own:  # in the task alone
        own.prec = places
        total = sum((decimal.Decimal(i) / 7 for i in range(300)), decimal.Decimal(0))
        for i in range(1500):
            total += decimal.Decimal(i) / 3
    return total


async def yielding(n):
    for i in range(n):
        yield busy(2000 + i)


def callback(results, n):
    token = where.set("callback")
    results.append((busy(5000), where.get(), asyncio.get_running_loop().is_running()))
    where.reset(token)
    results.append(where.get())


async def one_round(n):
    event, results = asyncio.Event(), []
    loop = asyncio.get_running_loop()
    waiters = [asyncio.create_task(waiting(event, i), name=f"waiter {i}") for i in range(3)]
    outcomes = await asyncio.gather(*(compute(4 * n + i) for i in range(4)), return_exceptions=True)
    loop.call_soon(callback, results, n)
    loop.call_soon(callback, results, n, context=contextvars.copy_context())
    event.set()
    digest.add(n, [repr(outcome) for outcome in outcomes], await asyncio.gather(*waiters), where.get())
    digest.add(results, [value async for value in yielding(3)])
    digest.add(await asyncio.gather(exact(4), exact(9)))
    inside = contextvars.copy_context()
    digest.add(inside.run(busy, 3000), inside.run(in_context), where.get(), inside[where])
    try:
        async with asyncio.timeout(1000), asyncio.TaskGroup() as group:
            group.create_task(compute(0))
            group.create_task(compute(1))
    except* ValueError as several:
        digest.add(repr(several.exceptions))


def in_context():
    where.set("inside")
    return busy(3000), where.get()


async def main(rounds):
    for n in range(rounds):
        await one_round(n)
    return busy(3000)


def in_python(loop, coroutine, **options):
    return asyncio.tasks._PyTask(coroutine, loop=loop, **options)


digest.add(asyncio.run(main(40)))
with asyncio.Runner() as runner:
    runner.get_loop().set_task_factory(in_python)
    digest.add(runner.run(main(15)), where.get())
report("asyncio_computing", digest)
