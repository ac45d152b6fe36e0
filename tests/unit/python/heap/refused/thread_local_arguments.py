# a threading.local whose __init__ was given arguments
import threading


class Local(threading.local):
    def __init__(self, size, fill=0):
        self.values = [fill] * size


local = Local(size=3)


def check():
    pass
