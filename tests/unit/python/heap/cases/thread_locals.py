# Thread-locals whose class has an __init__ without arguments: other threads make their own views.
import threading


class Local(threading.local):
    made = 0

    def __init__(self):
        Local.made += 1
        self.values = [Local.made]


class State:
    def __init__(self):
        self.depth = 0


class Mixed(State, threading.local):
    pass


local, mixed = Local(), Mixed()
local.values.append(5)
mixed.depth = 3


def seen_by_another():
    seen = []
    thread = threading.Thread(target=lambda: seen.extend([vars(local), vars(mixed)]))
    thread.start()
    thread.join()
    return seen


def check():
    assert vars(local) == {"values": [1, 5]} and vars(mixed) == {"depth": 3}
    made = Local.made
    assert seen_by_another() == [{"values": [made + 1]}, {"depth": 0}]
