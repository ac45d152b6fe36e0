# `__main__.table[1][0] -> <socket.socket>`
import socket

try:
    import numpy
except ImportError:
    raise SystemExit("SKIP: numpy is not installed")

table = numpy.empty((2, 2), object)
table[1, 0] = socket.socket()


def check():
    pass
