# `__main__.waiting -> <greenlet.greenlet>` at greenlets.py: a greenlet, whose C stack is its own
try:
    from greenlet import getcurrent, greenlet
except ImportError:
    print("SKIP: no greenlet")
    raise SystemExit


def run():
    getcurrent().parent.switch(1)
    return 2


waiting = greenlet(run)
first = waiting.switch()


def check():
    assert waiting.switch() == 2
