"""Installed by pip install --target: imported again on a resume, not saved by value."""
import socket

connection = socket.socketpair()[0]
level = 1


class Thing:
    def __init__(self, name):
        self.name = name
