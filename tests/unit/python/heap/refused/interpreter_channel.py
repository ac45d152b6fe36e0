# `__main__.ends[0] -> <test.support.interpreters.channels.RecvChannel>` at interpreter_channel.py: a queue or channel between
try:
    import _interpreters  # noqa: F401  from 3.13 on
    from test.support.interpreters import channels
except ImportError:
    raise SystemExit("SKIP: until 3.12 there are no such objects, or such that are refused as they are")

ends = channels.create()


def check():
    ends[1].send_nowait(b"x")
    assert ends[0].recv() == b"x"
