# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""ExitStack and AsyncExitStack: callbacks, suppress, pop_all, closing, errors on the way out."""
import contextlib
import io

from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 17):
        total += i * n
    return total


class Resource:
    def __init__(self, log, n):
        self.log, self.n = log, n

    def __enter__(self):
        self.log.append(("in", self.n, spin(self.n)))
        if self.n % 11 == 10:
            raise OSError(self.n)
        return self

    def __exit__(self, kind, error, trace):
        self.log.append(("out", self.n, spin(self.n), kind and kind.__name__, repr(error)))
        if self.n % 7 == 6:
            raise KeyError(self.n)
        return self.n % 3 == 1

    def close(self):
        self.log.append(("closed", spin(self.n)))


@contextlib.contextmanager
def managed(log, n):
    try:
        yield spin(n)
    except ValueError as e:
        log.append(("managed", repr(e)))
        if n % 2:
            raise RuntimeError(n) from e
    finally:
        log.append(("end", spin(n)))


def pushed(log):
    def leave(kind, error, trace):
        log.append(("pushed", spin(len(log)), kind))
        return False
    return leave


def stacked(n):
    log, kept = [], None
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(log.append, "last")
            stack.push(pushed(log))
            for i in range(n % 6):
                stack.enter_context(Resource(log, n + i))
                stack.enter_context(managed(log, i))
            stack.enter_context(contextlib.closing(Resource(log, n)))
            stack.enter_context(contextlib.suppress(LookupError))
            text = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            print("inside", n, spin(n))
            if n % 5 == 4:
                kept = stack.pop_all()
            if n % 4 == 3:
                raise [ValueError, KeyError, TypeError][n % 3](n)
            log.append(text.getvalue())
    except Exception as e:
        log.append((repr(e), repr(e.__context__), repr(e.__cause__)))
    if kept:
        try:
            kept.close()
        except Exception as e:
            log.append(repr(e))
    return log


class Waiting:
    def __await__(self):
        yield "waiting"


class AsyncResource(Resource):
    async def __aenter__(self):
        await Waiting()
        return self.__enter__()

    async def __aexit__(self, *error):
        await Waiting()
        return self.__exit__(*error)


async def asynchronous(n):
    log = []
    try:
        async with contextlib.AsyncExitStack() as stack:
            for i in range(n % 4):
                await stack.enter_async_context(AsyncResource(log, n + i))
            stack.push_async_callback(note, log, n)
            if n % 3 == 2:
                raise ValueError(n)
    except Exception as e:
        log.append(repr(e))
    return log


async def note(log, n):
    await Waiting()
    log.append(("noted", spin(n)))


def drive(coroutine):
    steps = 0
    while True:
        try:
            coroutine.send(None)
            steps += 1
        except StopIteration as end:
            return steps, end.value


digest = Digest()
for n in range(12000):
    digest.add(stacked(n), drive(asynchronous(n)))
report("exit_stacks", digest)
