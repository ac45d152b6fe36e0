# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Exceptions kept with their tracebacks, raised again later, in handlers inside handlers and across generators."""
import sys
import traceback

from digest import Digest, report


def spin(n):
    total = 0
    for i in range(n % 13):
        total += i
    return total


def deep(n, kind):
    if n == 0:
        raise kind(spin(n))
    try:
        deep(n - 1, kind)
    finally:
        spin(n)


def caught(n):
    try:
        deep(n % 7, [ValueError, KeyError, ZeroDivisionError][n % 3])
    except Exception as e:
        return e


def frames(error):
    trace, found = error.__traceback__, []
    while trace:
        names = trace.tb_frame.f_locals
        found.append((trace.tb_frame.f_code.co_name, trace.tb_lineno, names.get("n")))
        trace = trace.tb_next
    return found


def raised_again(error, n):
    try:
        raise error.with_traceback(error.__traceback__ if n % 2 else None)
    except ValueError as e:
        spin(n)
        return "value", frames(e)
    except Exception as e:
        try:
            raise RuntimeError(n) from e
        except RuntimeError as outer:
            seen = [repr(sys.exc_info()[1]), repr(outer.__cause__)]
            try:
                raise
            except RuntimeError as same:
                seen.append((same is outer, len(frames(same)), spin(n)))
            return seen


def handling():
    """Waits inside a handler: what is being handled is its own, not that of who asks."""
    n = yield
    while True:
        try:
            deep(n % 5, LookupError)
        except LookupError as e:
            n = yield repr(sys.exc_info()[1]), len(frames(e)), repr(e.__context__)
            spin(n)


digest = Digest()
kept, handler = [], handling()
next(handler)
for n in range(15000):
    error = caught(n)
    kept.append(error)
    digest.add(frames(error), repr(sys.exc_info()))
    if len(kept) > 12:
        digest.add(raised_again(kept.pop(n % 11), n))
    try:
        raise OSError(n)
    except OSError as e:
        digest.add(handler.send(n), repr(sys.exc_info()[1]), repr(e.__context__))
    if n % 100 == 99:
        digest.add("".join(traceback.format_exception(kept[-1])).count("deep"))
report("kept_tracebacks", digest)
