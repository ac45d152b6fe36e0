# `__main__.queue -> <test.support.interpreters.queues.Queue>` at interpreter_queue.py: a queue or channel between interpreters
try:
    import _interpreters  # noqa: F401  from 3.13 on
    from test.support.interpreters import queues
except ImportError:
    raise SystemExit("SKIP: until 3.12 there are no such objects, or such that are refused as they are")

queue = queues.create()
queue.put(5)


def check():
    assert queue.qsize() == 1
