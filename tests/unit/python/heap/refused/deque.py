# `__main__.waiting[1]['k'] -> <socket.socket>`
import collections
import socket

waiting = collections.deque([1, {"k": socket.socket()}])


def check():
    pass
