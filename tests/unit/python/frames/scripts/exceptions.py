# kinds: 0 1
import sys


def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


def fail(n):
    try:
        spin(n)
        raise ValueError(n)
    except ValueError as error:
        spin(n)
        log("handling", sys.exc_info()[0].__name__, sys.exc_info()[1] is error)
        raise KeyError(n) from error


def bare(n):
    try:
        fail(n)
    except KeyError:
        spin(200)
        raise


def cleanup(n):
    try:
        return spin(n)
    finally:
        spin(n)
        try:
            bare(100)
        except KeyError as inner:
            log("inner", inner, repr(inner.__cause__), inner.__context__ is inner.__cause__)
        log("still", sys.exc_info()[1])


def grouped(n):
    try:
        raise ExceptionGroup("g", [ValueError(spin(n)), TypeError(2), KeyError(3)])
    except* ValueError as g:
        log("values", g.exceptions, spin(150))
    except* (TypeError, KeyError) as g:
        log("others", len(g.exceptions), spin(150))


def nested(depth):
    try:
        if depth:
            nested(depth - 1)
        raise RuntimeError(depth)
    except RuntimeError as error:
        spin(60)
        chain, e = [], error
        while e:
            chain.append(str(e))
            e = e.__context__
        log(chain)
        raise


for turn in range(10):
    for k in range(2):
        try:
            bare(150 + k)
        except KeyError as error:
            lines, tb = [], error.__traceback__
            while tb:
                lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
                tb = tb.tb_next
            log(lines)
            spin(100)
        else:
            log("never")
    log(cleanup(200))
    grouped(150)
    try:
        nested(3)
    except RuntimeError as error:
        log("top", error, sys.exc_info()[1] is error)
    log(sys.exc_info())
    while True:
        try:
            if spin(100):
                continue_once = turn
                break
        finally:
            spin(100)
nested(2)
