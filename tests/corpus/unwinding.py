# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""finally that returns, breaks, continues and raises; generators closed and thrown into while they unwind."""
import sys

from digest import Digest, report

log = []


def spin(n):
    total = 0
    for i in range(n % 13):
        total ^= i * n
    return total


def wins(n):
    for i in range(9):
        try:
            try:
                if i == n % 9:
                    return "return", i
                if i % 4 == 3:
                    raise ValueError(i)
            finally:
                log.append((i, spin(n), type(sys.exc_info()[1]).__name__))
                if n % 5 == 0:
                    return "finally", i
                if n % 5 == 1 and i > 4:
                    break
                if n % 5 == 2 and i % 2:
                    continue
        except ValueError as e:
            log.append(e.args)
    else:
        return "else"
    return "broken"


def nested(n):
    while n:
        try:
            try:
                raise KeyError(n)
            finally:
                try:
                    raise TypeError(spin(n))
                except TypeError as inner:
                    log.append((repr(inner.__context__), spin(n)))
                finally:
                    n -= 1
                    if n % 3 == 0:
                        continue
        except KeyError as e:
            log.append((repr(e.__context__), n))
            break
    return n


def producer(n):
    try:
        for i in range(n):
            try:
                yield i, spin(i)
            except ValueError as e:
                yield repr(e), repr(sys.exc_info()[1])
            finally:
                spin(i)
                log.append(("item", i))
    except GeneratorExit:
        log.append(("closing", spin(n)))
        for i in range(n % 7):
            log.append(spin(i))
        if n % 4 == 3:
            raise RuntimeError("in the closing")
        raise
    finally:
        log.append(("done", spin(n), type(sys.exc_info()[1]).__name__))


def delegating(n):
    inner = producer(n)
    try:
        value = yield from inner
        yield value
    except KeyError as e:
        yield repr(e), inner.gi_frame is None
    finally:
        log.append(spin(n + 1))


def consumed(n):
    generator = delegating(n % 8)
    try:
        for step, item in enumerate(generator):
            if step == n % 6:
                if n % 3 == 0:
                    log.append(generator.throw(ValueError(n)))
                elif n % 3 == 1:
                    log.append(generator.throw(KeyError(n)))
                else:
                    break
    except (ValueError, KeyError, StopIteration) as e:
        log.append(repr(e))
    finally:
        try:
            generator.close()
        except RuntimeError as e:
            log.append((repr(e), repr(e.__context__)))


digest = Digest()
for n in range(24000):
    digest.add(wins(n), nested(n % 17))
    consumed(n)
    digest.add(log)
    log.clear()
report("unwinding", digest)
