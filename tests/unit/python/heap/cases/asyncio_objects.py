# Event loops that are not running, with the futures, tasks, handles and locks on them.
import asyncio
import contextvars
import time

variable = contextvars.ContextVar("variable", default="default")
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
closed = asyncio.new_event_loop()
closed.close()
done = []


class Request(asyncio.Future):
    kind = "request"


class Job(asyncio.Task):
    __slots__ = ("extra",)


async def wait_for(future, log):
    variable.set("inside")
    log.append(variable.get())
    try:
        log.append(await future)
    except asyncio.CancelledError as reason:
        log.append(reason.args)
        raise
    log.append(variable.get())
    return len(log)


async def steps(n):
    for _ in range(n):
        await asyncio.sleep(0)
    return n


def begun(coroutine, **options):
    task = loop.create_task(coroutine, **options)
    loop.run_until_complete(steps(2))
    return task


def failed(future):
    future.set_exception(ValueError("failed"))
    return future


log, cancelled_log = [], []
pending = Request(loop=loop)
pending.note = [pending]
result = loop.create_future()
result.set_result({"result": result})
error = failed(loop.create_future())
cancelled = loop.create_future()
cancelled.cancel("why")
waiting = begun(wait_for(pending, log), name="waiting")
to_cancel = begun(wait_for(loop.create_future(), cancelled_log))
finished = begun(steps(0))
to_cancel.cancel("stop it")
never_begun = loop.create_task(steps(1))
job = Job(steps(3), loop=loop, name="job")
job.extra = [job]
iterator = pending.__await__()
assert next(iterator) is pending
callback = done.append
pending.add_done_callback(callback)
pending.add_done_callback(lambda future: done.append("second"), context=contextvars.Context())
timer = loop.call_later(30, done.append, "never")
soon = loop.call_soon(done.append, "soon")
when, started = timer.when(), loop.time()
by_clock = time.monotonic()
queue, lock = asyncio.Queue(3), asyncio.Lock()
queue.put_nowait(1)
last_name = loop.create_task(steps(0)).get_name()
checks = []


def check():
    assert closed.is_closed() and not loop.is_closed() and not loop.is_running()
    assert asyncio.get_event_loop_policy().get_event_loop() is loop
    assert pending.note[0] is pending and not pending.done() and type(pending).kind == "request"
    assert result.result()["result"] is result
    assert repr(error._exception) == "ValueError('failed')" and cancelled.cancelled()
    assert waiting.get_name() == "waiting" and to_cancel.cancelling() == 1
    assert finished.result() == 0 and finished.done()
    assert job.extra[0] is job and job.get_name() == "job"
    assert log == ["inside"] and cancelled_log == ["inside"]
    assert {waiting, to_cancel, never_begun, job} <= asyncio.all_tasks(loop)
    assert timer.when() == when and not timer.cancelled()
    assert 0 <= loop.time() - started < 25 and 0 <= time.monotonic() - by_clock < 25
    assert variable.get() == "default"
    checks.append(1)
    if len(checks) < 2:  # the rest can be done once only: after saving, and in the loaded process
        return
    error.exception()
    new = loop.create_task(steps(0))
    assert int(new.get_name()[5:]) == int(last_name[5:]) + 1, (new, last_name)
    loop.call_soon_threadsafe(pending.set_result, "answer")
    loop.run_until_complete(asyncio.wait({waiting, to_cancel, never_begun, job, new}))
    assert log == ["inside", "answer", "inside"] and waiting.result() == 3
    assert to_cancel.cancelled() and cancelled_log == ["inside", ("stop it",)]
    assert "soon" in done and pending in done and "second" in done and "never" not in done
    try:
        next(iterator)
        raise AssertionError
    except StopIteration as stop:
        assert stop.value == "answer"
    assert loop.run_until_complete(queue.get()) == 1
    assert variable.get() == "default"
    loop.close()
