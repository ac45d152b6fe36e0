# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""except*, groups, finally with return, break and continue, chains of causes, notes."""
from digest import Digest, report
import sys
import traceback


def spin(n):
    t = 0
    for i in range(n % 23):
        t += i * n
    return t


def fail(n):
    spin(n)
    raise [ValueError, TypeError, KeyError, OSError][n % 4](n)


def gather(n):
    errors = []
    for i in range(n):
        try:
            fail(i + n)
        except Exception as e:
            e.add_note(f"item {i}")
            errors.append(e)
    sub = ExceptionGroup("inner", errors[::2]) if errors[::2] else ValueError("none")
    raise ExceptionGroup("outer", [sub, *errors[1::2], RuntimeError(n)])


def handle(n):
    seen = []
    try:
        try:
            gather(n)
        except* ValueError as group:
            seen.append(("V", spin(n), len(group.exceptions), repr(group)))
        except* (TypeError, KeyError) as group:
            for e in group.exceptions:
                seen.append(("TK", type(e).__name__, spin(n), repr(sys.exc_info()[1])[:60]))
            if n % 3 == 0:
                raise LookupError("again") from group
        except* OSError:
            seen.append(("O", spin(n)))
            if n % 2:
                raise
        finally:
            seen.append(("f", spin(n), repr(sys.exc_info()[1])[:80]))
    except ExceptionGroup as rest:
        seen.append((repr(rest), repr(rest.__cause__), repr(rest.__context__)))
        seen.append([str(x) for x in traceback.format_exception_only(rest)])
    return seen


def tangle(n):
    out = []
    for i in range(n):
        try:
            try:
                if i % 3 == 0:
                    continue
                if i % 5 == 4:
                    break
                fail(i)
            except ValueError:
                out.append(("v", spin(i)))
                raise KeyError(i)
            finally:
                out.append(("f", spin(i), type(sys.exc_info()[1]).__name__))
        except Exception as e:
            chain, c = [], e
            while c:
                chain.append(type(c).__name__)
                c = c.__context__
            out.append((chain, spin(i)))
    else:
        out.append("else")
    return out


def swallow(n):
    while True:
        try:
            try:
                fail(n)
            finally:
                spin(n)
                if n % 2:
                    return "finally wins", sys.exc_info()[0]
        except Exception as e:
            try:
                raise RuntimeError(spin(n)) from e
            except RuntimeError as r:
                return repr(r.__cause__), r.__suppress_context__
            finally:
                del e


digest = Digest()
for i in range(6000):
    digest.add(handle(i % 14 + 1), tangle(i % 19), swallow(i))
report("exception_groups", digest)
