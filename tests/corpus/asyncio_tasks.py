# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Tasks, futures, timers, cancellation, groups and context variables on asyncio's own event loop.

What depends on the clock goes into the digest in an order that does not.
"""
import asyncio
import contextvars
from digest import Digest, report

digest = Digest()
depth = contextvars.ContextVar("depth", default=0)


def busy(n):
    t = 0
    for i in range(n % 40):
        t = (t * 31 + i) % 1000003
    return t


async def leaf(n):
    await asyncio.sleep(0)
    depth.set(depth.get() + 1)
    total = busy(n)
    for i in range(n % 5):
        total += busy(i + n)
        await asyncio.sleep(0)
    return total + depth.get()


async def spread(n):
    depth.set(100 * n)
    return sum(await asyncio.gather(*(leaf(n + i) for i in range(4)))), depth.get()


async def slow(seconds, value):
    await asyncio.sleep(seconds)
    return value


async def failing(n):
    await asyncio.sleep(0)
    raise KeyError(n)


async def stubborn(log):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as reason:
        log.append(("cancelled", reason.args, asyncio.current_task().cancelling()))
        await asyncio.sleep(0)
        log.append("cleaned up")
        raise


async def groups(n):
    seen = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(spread(n + i), name=f"member {i}") for i in range(3)]
            if n % 4 == 0:
                group.create_task(failing(n))
                group.create_task(stubborn(seen))
    except* KeyError as errors:
        seen.append([repr(e) for e in errors.exceptions])
    return [t.get_name() for t in tasks], [t.cancelled() or t.result() for t in tasks], seen


async def waiting(n):
    tasks = {asyncio.create_task(slow(0.001 * (i % 3), i)) for i in range(5)}
    done, pending = await asyncio.wait(tasks)
    late = asyncio.create_task(slow(3600, "never"), name="late")
    try:
        await asyncio.wait_for(asyncio.shield(late), timeout=0.001)
        raise AssertionError
    except TimeoutError:
        late.cancel("enough")
    answer = await asyncio.gather(late, failing(n), return_exceptions=True)
    try:
        async with asyncio.timeout(0.002) as limit:
            await asyncio.sleep(3600)
    except TimeoutError:
        pass
    return sorted(t.result() for t in done), len(pending), [repr(a) for a in answer], limit.expired()


async def by_callbacks(n):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    order = []
    future.add_done_callback(lambda f: order.append(("first", f.result())))
    future.add_done_callback(order.append)
    handle = loop.call_later(3600, order.append, "never")
    loop.call_soon(order.append, "soon")
    loop.call_later(0.001, future.set_result, n)
    assert await future == n
    await asyncio.sleep(0)
    handle.cancel()
    return order[:2], order[2] is future, handle.cancelled()


async def counted(names):
    for i in range(6):
        task = asyncio.create_task(asyncio.sleep(0, i))
        names.append(task.get_name())
        yield await task


async def main():
    loop = asyncio.get_running_loop()
    started = loop.time()
    background = asyncio.create_task(slow(3600, None), name="background")
    for n in range(150):
        names = []
        digest.add(n, await asyncio.create_task(groups(n)), [x async for x in counted(names)], names)
        if n % 5 == 0:
            digest.add(await waiting(n), await by_callbacks(n))
        digest.add(sorted(t.get_name() for t in asyncio.all_tasks()),
                   asyncio.current_task().get_name(), background.done())
        await leaf(n)
    digest.add(0 < loop.time() - started < 600)
    background.cancel()
    digest.add(await asyncio.gather(background, return_exceptions=True) is not None)


asyncio.run(main(), debug=False)
own_loop = asyncio.new_event_loop()
for n in range(40):
    digest.add(own_loop.run_until_complete(spread(n)))
own_loop.close()
report("asyncio_tasks", digest)
