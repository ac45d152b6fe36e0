# The order in which a metaclass has its classes looked through comes back without asking it again.
import os

asked = []


class Ordering(type):
    def mro(cls):
        asked.append(cls.__name__)
        first, *others = super().mro()
        return [first, *reversed(others[:-1]), others[-1], *extra.get(first.__name__, [])]


class Derived(Ordering):
    pass


extra = {}


class Left(metaclass=Ordering):
    name = "left"

    def __len__(self):
        return 1


class Right(metaclass=Derived):
    name = "right"

    def __len__(self):
        return 2


class Both(Left, Right, metaclass=Derived):
    pass


both, order = Both(), Both.__mro__
names = list(vars(Ordering)), list(vars(Derived))
asked_then = list(asked)
here = os.getpid()


def check():
    assert asked == asked_then and Both.__mro__ == order == (Both, Right, Left, object)
    assert both.name == "right" and len(both) == 2 and (list(vars(Ordering)), list(vars(Derived))) == names
    if os.getpid() == here:
        return
    Both.__bases__ = Right, Left
    assert asked[len(asked_then):] == ["Both"] and both.name == "left" and len(both) == 1
