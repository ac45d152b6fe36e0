# Modules of classes that derive from ModuleType: made of them, and given them by `__class__ =`.
import json
import os
import sys
import types

made_in = os.getpid()
calls = []


class Noisy(types.ModuleType):
    def __new__(cls, name):
        calls.append("new")
        return types.ModuleType.__new__(cls, name)

    def __init__(self, name):
        calls.append("init")
        types.ModuleType.__init__(self, name)

    def __getattribute__(self, name):
        calls.append(name)
        return types.ModuleType.__getattribute__(self, name)

    def __setattr__(self, name, value):
        calls.append(name)
        types.ModuleType.__setattr__(self, name, value)


class Slotted(types.ModuleType):
    __slots__ = ("slot",)


class Lazy(types.ModuleType):
    @property
    def twice(self):
        return self.number * 2

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return name.upper()


alone, slotted, listed = Noisy("alone"), Slotted("slotted"), Noisy("listed")
alone.me, slotted.slot, listed.number = alone, slotted, 5
sys.modules["listed"] = listed
number = 21
me = sys.modules[__name__]
me.__class__ = Lazy
json.__class__ = Lazy
json.number = 4
calls.clear()


def check():
    if os.getpid() != made_in:  # the import system asks modules for their __spec__
        assert [name for name in calls if name != "__spec__"] == [], calls
    calls.clear()
    assert type(alone) is Noisy and alone.me is alone and calls == ["me"]
    assert type(slotted) is Slotted and slotted.slot is slotted
    assert sys.modules["listed"] is listed and type(listed) is Noisy and listed.number == 5
    assert type(json) is Lazy and json.twice == 8 and json.dumps([1]) == "[1]"
    assert type(me) is Lazy and me.twice == 42 and me.anything == "ANYTHING" and me.calls is calls
    calls.clear()
