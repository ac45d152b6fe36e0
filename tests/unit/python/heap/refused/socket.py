# `__main__.net.sockets['x'] -> <socket.socket>`
import socket


class Net:
    pass


net = Net()
net.sockets = {"x": socket.socket()}


def check():
    assert net.sockets["x"].fileno() >= 0
    net.sockets["x"].close()
