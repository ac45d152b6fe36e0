# Thread-locals whose class has an __init__: other threads make their own views, with the arguments
# that the first one was made with.
import threading


class Local(threading.local):
    made = 0

    def __init__(self, first=0, *, limit=None, owner=None):
        Local.made += 1
        self.values = [first]
        self.limit = limit
        self.owner = owner


class State:
    def __init__(self):
        self.depth = 0


class Mixed(State, threading.local):
    pass


class Owner:
    def __init__(self):
        self.local = Local(limit=9, owner=self)


local, mixed, owner = Local(7), Mixed(), Owner()
local.values.append(5)
mixed.depth = 3
owner.local.limit = 1


def seen_by_another():
    seen = []
    thread = threading.Thread(target=lambda: seen.extend([vars(local), vars(mixed), vars(owner.local)]))
    thread.start()
    thread.join()
    return seen


def check():
    assert vars(local) == {"values": [7, 5], "limit": None, "owner": None} and vars(mixed) == {"depth": 3}
    assert vars(owner.local) == {"values": [0], "limit": 1, "owner": owner}
    made = Local.made
    assert seen_by_another() == [{"values": [7], "limit": None, "owner": None}, {"depth": 0},
                                 {"values": [0], "limit": 9, "owner": owner}]
    assert Local.made == made + 2
