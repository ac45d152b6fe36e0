# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Exceptions in flight: handlers, finally, chains, re-raise, tracebacks kept alive."""
import sys
import traceback

from digest import Digest, report


class Failure(Exception):
    def __init__(self, code, *, extra):
        super().__init__(code)
        self.code, self.extra = code, extra


def busy(n):
    total = 0
    for k in range(n):
        total += k
    return total


def attempt(i):
    try:
        try:
            if i % 3 == 0:
                raise Failure(i, extra=[i])
            if i % 3 == 1:
                raise ValueError(f"value {i}")
            return ("fine", i)
        except Failure as error:
            assert sys.exc_info()[1] is error
            raise KeyError(busy(60) * error.code) from error
        finally:
            finished.append(busy(40) + i)
    except KeyError as error:
        busy(50)
        cause = error.__cause__
        assert isinstance(cause, Failure) and cause.extra == [cause.code]
        frame = error.__traceback__.tb_frame
        return ("key", error.args, frame.f_code.co_name, error.__traceback__.tb_lineno)
    except ValueError as error:
        busy(30)
        try:
            raise
        except ValueError as again:
            busy(30)
            return ("value", str(again), again is error)


def deep(n):
    if n == 0:
        raise RuntimeError("deep")
    try:
        return deep(n - 1)
    finally:
        for k in range(20):
            if k == n:
                finished.append(k)


finished = []
kept = []
digest = Digest()
for i in range(180000):
    digest.add(attempt(i))
    if i % 100 == 0:
        try:
            deep(8)
        except RuntimeError as error:
            busy(30)
            digest.add([entry.name for entry in traceback.extract_tb(error.__traceback__)])
            if i % 9000 == 0:
                kept.append(error)
        assert sys.exc_info() == (None, None, None)
        digest.add(sum(finished), len(finished))
        finished.clear()
for error in kept:
    digest.add("".join(traceback.format_exception(error)).count("in deep"))
digest.add(finished)
report("exceptions", digest)
