# `__main__.running.<locals>.connection -> <socket.socket>`
import socket


def steps():
    connection = socket.socket()
    yield connection.fileno()


running = steps()
next(running)


def check():
    pass
