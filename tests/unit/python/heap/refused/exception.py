# `__main__.error.args[1].func.__self__ -> <socket.socket>`
import functools
import socket

error = ValueError("no", functools.partial(socket.socket().close))


def check():
    pass
