# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""yield from through try and finally, throw, close, return values, generators in containers."""
import contextlib
import itertools
from digest import Digest, report

log = []


def work(n):
    t = 0
    for k in range(n % 19):
        t += k
    return t


def leaf(n):
    try:
        for i in range(n):
            try:
                got = yield i * 2 + work(i)
                if got is not None:
                    log.append(("got", got, work(got)))
            except KeyError as e:
                work(i)
                log.append(("key", e.args, i))
                yield -i
            finally:
                if i % 5 == 0:
                    log.append(("fin", i, work(i)))
        return n * n
    finally:
        log.append(("leaf", n, work(n)))


def middle(n):
    try:
        a = yield from leaf(n)
        with contextlib.suppress(ValueError):
            b = yield from leaf(n // 2)
            if n % 3 == 0:
                raise ValueError(b)
        yield from (work(k) for k in range(3))
        return a
    except GeneratorExit:
        log.append(("exit", n, work(n)))
        raise
    finally:
        log.append(("middle", n))
        work(n + 7)


def top(depth, n):
    if depth == 0:
        return (yield from middle(n))
    try:
        r = yield from top(depth - 1, n)
    finally:
        log.append(("top", depth, work(depth)))
    return r + depth


@contextlib.contextmanager
def managed(name, swallow):
    log.append(("in", name, work(len(name) + 3)))
    try:
        yield work(11)
    except LookupError:
        work(12)
        if not swallow:
            raise
    finally:
        log.append(("out", name, work(9)))


def stacked(n):
    with contextlib.ExitStack() as stack:
        values = [stack.enter_context(managed(f"m{i}", i == 2)) for i in range(n % 6)]
        stack.callback(log.append, ("callback", n))
        stack.push(lambda *exc: (work(n), exc[0] is KeyError)[1])
        if n % 4 == 1:
            raise KeyError(n)
        if n % 4 == 2:
            raise IndexError(n)
        with managed("a", False) as x, managed("b", True) as y, contextlib.closing(top(2, 6)) as g:
            return sum(values) + x + y + next(g)
    return "swallowed"


def drain(g, n):
    out = []
    value = None
    for step in range(60):
        try:
            if step % 7 == 3:
                out.append(g.throw(KeyError(step)))
            else:
                out.append(g.send(value))
            value = step if step % 4 == 0 else None
        except StopIteration as stop:
            out.append(("stop", stop.value))
            break
        except KeyError as error:
            out.append(repr(error))
            break
        if step == n + 20:
            g.close()
            break
    return out


pool = []
digest = Digest()
for i in range(7000):
    digest.add(drain(top(i % 9, i % 31), i % 23))
    try:
        digest.add(stacked(i))
    except LookupError as e:
        digest.add(repr(e))
    pool.append(top(i % 4, 20))
    for g in pool:
        digest.add(next(g, "end"))
    if len(pool) > 8:
        pool.pop(i % 8).close()
    digest.add(list(itertools.islice(top(1, 12), 5)))
    digest.add(log)
    log.clear()
report("delegating_generators", digest)
