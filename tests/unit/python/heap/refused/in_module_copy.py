# `sys.modules['fractions'].pair -> <socket.socket>`
import socket
import statistics
import sys

del sys.modules["fractions"]
import fractions

fractions.pair = socket.socketpair()[0]
del fractions


def check():
    assert sys.modules["fractions"].Fraction is not statistics.Fraction
    assert sys.modules["fractions"].pair.fileno() >= 0
