# Workers of thread pools that wait for work, and what has failed in one of them.
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

prepared = []


def prepare(value):
    prepared.append(value)


def fail():
    raise ValueError("in the pool")


def meet(barrier):
    return barrier.wait() >= 0


pool = ThreadPoolExecutor(2, "mine", initializer=prepare, initargs=("once",))
barrier = threading.Barrier(2)
assert all(pool.map(meet, [barrier, barrier]))
other = ThreadPoolExecutor(1)
failed = other.submit(fail)
error = failed.exception()
threads = list(pool._threads)
while pool._work_queue.qsize() or pool._idle_semaphore._value < 2 or not other._idle_semaphore._value:
    time.sleep(0.001)
time.sleep(0.1)  # until they wait in C
checks = []


def check():
    assert prepared == ["once", "once"], prepared
    assert pool._threads == set(threads) and all(t.is_alive() for t in threads)
    assert sorted(t.name for t in threads) == ["mine_0", "mine_1"]
    assert threading.active_count() == 4 and set(threads) < set(threading.enumerate())
    assert pool._idle_semaphore._value == 2, pool._idle_semaphore._value
    assert threads[0].ident in threading._active and threads[0]._args[2] is prepare
    assert failed.exception() is error and "in fail" in "".join(traceback.format_exception(error))
    checks.append(1)
    if len(checks) < 2:  # the rest can be done once only: after saving, and in the loaded process
        return
    assert all(pool.map(meet, [threading.Barrier(1)] * 5))
    assert pool._threads == set(threads) and prepared == ["once", "once"]
    new = ThreadPoolExecutor(1)
    name = new.submit(threading.current_thread).result().name
    assert int(name.split("-")[1][:-2]) > int(list(other._threads)[0].name.split("-")[1][:-2]), name
    for each in (pool, other, new):
        each.shutdown()
    assert not any(t.is_alive() for t in threads) and threading.active_count() == 1
