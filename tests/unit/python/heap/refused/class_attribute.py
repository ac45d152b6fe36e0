# `__main__.thing.__class__.table[('a', 1)] -> <socket.socket>`
import socket


def make():
    class Local:
        table = {("a", 1): socket.socket()}

    return Local()


thing = make()


def check():
    pass
