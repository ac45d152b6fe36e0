# Timers that have not come to their time: they are started again with the time that was left.
import threading
import time

calls = []
lock = threading.Lock()


def call(*args, **names):
    with lock:
        calls.append((args, names))


soon = threading.Timer(1.5, call, ["soon"], {"by": "timer"})
cancelled, late, unused = (threading.Timer(3600, call, [name]) for name in ("cancelled", "late", "unused"))
late.daemon = True
over = threading.Timer(0, call, ["over"])
for timer in (soon, cancelled, late, over):
    timer.start()
over.join()
begun = time.monotonic()
time.sleep(0.3)  # until they wait in C
checks = []


def check():
    sleeps = [] if calls[1:] else [soon]  # on a busy machine its time may have come
    assert calls[:1] == [(("over",), {})] and len(sleeps) + len(calls) == 2, calls
    assert [t.is_alive() for t in (cancelled, late, over, unused)] == [True, True, False, False]
    assert (soon.interval, late.interval, late.daemon) == (1.5, 3600, True)
    assert {threading.main_thread(), cancelled, late, *sleeps} <= set(threading.enumerate())
    assert soon.name == "Thread-1" or soon.name.startswith("Thread-"), soon.name
    checks.append(1)
    if len(checks) < 2:  # the rest can be done once only: after saving, and in the loaded process
        return
    cancelled.cancel()
    cancelled.join(10)
    soon.join(10)
    assert calls[1:] == [(("soon",), {"by": "timer"})] and not soon.is_alive() and not cancelled.is_alive()
    assert 1.2 < time.monotonic() - begun < 6, time.monotonic() - begun
    unused.start()
    unused.cancel()
    unused.join(10)
    late.cancel()
    late.join(10)
    assert len(calls) == 2 and threading.active_count() == 1
