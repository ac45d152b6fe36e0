COUNT = 0
shared_list = alias = [1]


class State:
    def __init__(self):
        self.value = 1


STATE = State()


def bump():
    global COUNT
    COUNT += 1


def read():
    return COUNT
