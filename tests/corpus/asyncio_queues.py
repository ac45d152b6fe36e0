# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Queues, locks, events, semaphores, async generators and subtasks, with tasks in C and in Python."""
import asyncio
import asyncio.tasks
from digest import Digest, report

digest = Digest()


def busy(n):
    t = 1
    for i in range(n % 60):
        t = (t * 17 + i) % 99991
    return t


class Account:
    def __init__(self):
        self.lock, self.balance, self.changed = asyncio.Lock(), 100, asyncio.Condition()

    async def move(self, amount):
        async with self.lock:
            before = self.balance
            await asyncio.sleep(0)
            self.balance = before + amount
        async with self.changed:
            self.changed.notify_all()


async def producer(queue, n, items):
    for i in range(items):
        await queue.put((busy(n + i) % 7, n, i))
    return n


async def consumer(queue, results):
    while True:
        item = await queue.get()
        try:
            if item is None:
                return len(results)
            results.append((item, busy(sum(item))))
            await asyncio.sleep(0)
        finally:
            queue.task_done()


async def pipeline(kind, n):
    queue, results = kind(maxsize=3), []
    consumers = [asyncio.create_task(consumer(queue, results)) for _ in range(3)]
    producers = [asyncio.create_task(producer(queue, n + k, 12)) for k in range(4)]
    done = await asyncio.gather(*producers)
    await queue.join()
    for task in consumers:
        task.cancel()
    ended = await asyncio.gather(*consumers, return_exceptions=True)
    return done, results, [type(e).__name__ for e in ended]


async def numbers(n, gate):
    try:
        for i in range(n):
            async with gate:
                await asyncio.sleep(0)
                yield busy(i)
    finally:
        await asyncio.sleep(0)
        digest.add("closed", n)


async def limited(n):
    gate, started = asyncio.Semaphore(2), asyncio.Event()

    async def part(k):
        await started.wait()
        return [x async for x in numbers(k, gate)]

    tasks = [asyncio.create_task(part(k)) for k in range(5)]
    asyncio.get_running_loop().call_soon(started.set)
    generator = numbers(9, gate)
    first = [await anext(generator), await anext(generator)]
    await generator.aclose()
    return first, [await finished for finished in tasks], gate.locked()


async def transfers(n):
    account = Account()

    async def watch():
        async with account.changed:
            await account.changed.wait_for(lambda: account.balance > 110)
            return account.balance

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(account.move(k) for k in range(8)))
    return await watcher, account.balance, account.lock.locked()


async def main(rounds):
    for n in range(rounds):
        kind = (asyncio.Queue, asyncio.PriorityQueue, asyncio.LifoQueue)[n % 3]
        digest.add(n, await pipeline(kind, n), await limited(n), await transfers(n))
        if n % 10 == 0:
            await asyncio.sleep(0.001)


def in_python(loop, coroutine, **options):
    return asyncio.tasks._PyTask(coroutine, loop=loop, **options)


asyncio.run(main(60))
with asyncio.Runner() as runner:
    runner.get_loop().set_task_factory(in_python)
    runner.run(main(45))
report("asyncio_queues", digest)
