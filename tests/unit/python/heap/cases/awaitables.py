# What a suspended coroutine waits for: steps of async generators, anext(), coroutine.__await__().
import types


@types.coroutine
def pause(value):
    return (yield value)


async def source(n):
    try:
        for i in range(n):
            try:
                yield i + await pause("next")
            except ValueError as error:
                yield f"{error}{await pause('thrown')}"
    finally:
        await pause("closing")


async def simple(n):
    for i in range(n):
        yield i + await pause("next")


async def looping():
    return [x async for x in source(2)]


async def thrown():
    steps = source(3)
    return [await anext(steps), await steps.athrow(ValueError("oops")), await steps.aclose()]


async def with_default():
    steps = source(1)
    return [await anext(steps, "none"), await anext(steps, "none")]


async def wrapped():
    return await Waiting()


class Waiting:
    def __await__(self):
        return looping().__await__()


def begun(coroutine, answers):
    """[coroutine, what it waits for], suspended after so many answers."""
    asked = [coroutine.send(None)]
    for answer in answers:
        asked.append(coroutine.send(answer))
    return coroutine, asked[-1]


def end(coroutine, answers):
    asked = []
    try:
        for answer in answers:
            asked.append(coroutine.send(answer))
    except StopIteration as stop:
        return asked, stop.value
    raise AssertionError


held = [begun(looping(), [10]), begun(thrown(), [5]), begun(thrown(), [5, "!"]),
        begun(with_default(), []), begun(with_default(), [7]), begun(wrapped(), [10])]
expected = [(["closing"], [10, 2]), (["closing"], [5, "oops1", None]), ([], [5, "oops!", None]),
            (["closing"], [1, "none"]), ([], [7, "none"]), (["closing"], [10, 2])]
fresh, step, over = simple(1).asend(None), simple(1).asend(None), simple(1).asend(None)
step.send(None)
over.send(None)
try:
    over.send(0)
except StopIteration:
    pass
unused = simple(2).aclose()
checks = []


def must_raise(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError


def check():
    assert [request for _, request in held] == ["next", "thrown", "closing", "next", "closing",
                                                "next"]
    checks.append(1)
    if len(checks) < 2:  # the rest can be done once only: after saving, and in the loaded process
        return
    assert [end(coroutine, [1, 2, 3]) for coroutine, _ in held] == expected
    assert fresh.send(None) == "next"
    assert must_raise(StopIteration, fresh.send, 3).value == 3
    assert must_raise(StopIteration, step.send, 4).value == 4
    assert "already awaited" in str(must_raise(RuntimeError, over.send, None))
    must_raise(StopIteration, unused.send, None)
