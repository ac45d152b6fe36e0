# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""types.coroutine, a scheduler of coroutines, async comprehensions and generators driven by hand."""
import collections
import types

from digest import Digest, report


@types.coroutine
def switch(value):
    got = yield value
    return got


@types.coroutine
def twice(value):
    first = yield from switch(value)
    second = yield from switch(value + 1)
    return first, second


class Queue:
    def __init__(self):
        self.items = collections.deque()

    async def get(self):
        while not self.items:
            await switch("empty")
        return self.items.popleft()

    async def put(self, item):
        while len(self.items) > 3:
            await switch("full")
        self.items.append(item)


async def numbers(n):
    for i in range(n):
        await switch(i)
        yield i * i


async def collected(n):
    odd = [x async for x in numbers(n) if x % 2]
    table = {x: [y async for y in numbers(x % 4)] async for x in numbers(n % 5)}
    firsts = {x % 7 for x in odd if await switch(x) is None}
    lazy = (x + 1 async for x in numbers(3))
    return odd, table, sorted(firsts), [x async for x in lazy], await twice(n)


async def produce(queue, n):
    for i in range(n):
        await queue.put((i, await collected(i % 4)))
    await queue.put(None)
    return "produced", n


async def consume(queue, digest):
    count = 0
    while (item := await queue.get()) is not None:
        digest.add(item)
        count += 1
    return "consumed", count


def run(*coroutines):
    ready = collections.deque(coroutines)
    ended, steps = [], 0
    while ready:
        task = ready.popleft()
        steps += 1
        try:
            task.send(None)
        except StopIteration as end:
            ended.append(end.value)
        else:
            ready.append(task)
    return steps, ended


digest = Digest()
for n in range(2600):
    queue = Queue()
    digest.add(run(produce(queue, n % 23), consume(queue, digest)))
report("plain_coroutines", digest)
