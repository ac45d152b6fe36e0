# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Thread pools that are busy for moments and idle between them, also as the executor of asyncio."""
import asyncio
import concurrent.futures
import threading
from concurrent.futures import ThreadPoolExecutor
from digest import Digest, report

digest = Digest()
prepared = []


def prepare(value):
    prepared.append((value, threading.current_thread().name[:-2]))


def work(n):
    t = 0
    for i in range(n % 50 * 20):
        t = (t * 31 + i) % 1000003
    return t


def failing(n):
    raise KeyError(n)


def own_work(n):
    t = 1
    for i in range(4000):
        t = (t * 17 + i * n) % 99991
    return t


def names(pool):
    return sorted(t.name for t in pool._threads), all(t.is_alive() for t in pool._threads)


def use(pool, n):
    futures = [pool.submit(work, n + i) for i in range(6)]
    digest.add([f.result() for f in futures], own_work(n), list(pool.map(work, range(n, n + 5))))
    error = pool.submit(failing, n).exception()
    done, pending = concurrent.futures.wait([pool.submit(work, n)], timeout=60)
    digest.add(repr(error), len(done), len(pending), own_work(n + 1))


async def with_loop(n):
    loop = asyncio.get_running_loop()
    for i in range(15):
        digest.add(await loop.run_in_executor(None, work, n + i), await asyncio.to_thread(work, i))
        await asyncio.sleep(0)
        digest.add(own_work(i))


pool = ThreadPoolExecutor(3, "kept", initializer=prepare, initargs=("initial",))
for n in range(60):
    use(pool, n)
    if n % 12 == 0:
        with ThreadPoolExecutor(2) as short:
            use(short, n)
            digest.add(names(short)[1], own_work(n))
        digest.add(short._shutdown, {t.name.rpartition("_")[0] for t in short._threads})
while len(pool._threads) < 3:  # a pool starts a thread only if none is idle
    barrier = threading.Barrier(3)
    list(pool.map(lambda _: barrier.wait(), range(3)))
digest.add(names(pool), sorted(set(prepared)), threading.active_count())
for n in range(3):
    asyncio.run(with_loop(n))
digest.add(names(pool), pool._idle_semaphore._value >= 3)
left = ThreadPoolExecutor(1)  # joined by the interpreter's end
digest.add(left.submit(own_work, 5).result())
pool.shutdown()
digest.add(names(pool)[1], threading.active_count())
for n in range(100):
    digest.add(own_work(n))
digest.add(left.submit(own_work, 6).result())
report("thread_pool", digest)
