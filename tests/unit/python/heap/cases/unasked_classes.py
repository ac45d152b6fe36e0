# Classes that derive from C types and do in their own way what a save or a load might ask them: they
# are not asked, and what lies in their instances counts, not what they show.
import builtins
import collections
import io
import os
import struct
import threading

made_in = os.getpid()
calls = []


def noisy(base):
    """A class whose instances note each attribute that is asked for."""
    def look(self, name):
        calls.append((base.__name__, name))
        return base.__getattribute__(self, name)
    return type("Noisy", (base,), {"__getattribute__": look, "__module__": __name__})


class Backwards(collections.deque):
    def __iter__(self):
        return reversed(list(super().__iter__()))


class Sorted(collections.defaultdict):
    def __init__(self):
        super().__init__(self.missing)

    def missing(self):
        return len(self)

    def items(self):
        return sorted(super().items())


def named(base):
    """A class whose instances note each name they are given."""
    def give(self, name, value):
        calls.append((base.__name__, name))
        base.__setattr__(self, name, value)
    return type("Named", (base,), {"__setattr__": give, "__module__": __name__})


def documented(self):
    "of the function"
    return 5


class Holder:
    shown = named(property)(documented)
    of_class, plain = named(classmethod)(documented), named(staticmethod)(documented)


def complaint():
    try:
        Holder().shown = 1
    except AttributeError as error:
        return str(error)


first_complaint = complaint()


class Local(threading.local):
    __slots__ = ("shared",)

    def __new__(cls, *args):
        calls.append("new")
        return super().__new__(cls, *args)

    def __init__(self, number):
        self.number = number


backwards, keyed, local = Backwards([1, 2, 3], 3), Sorted(), Local(4)
keyed["b"], keyed["a"], local.shared = 1, 2, local
objects = [noisy(base)(*args) for base, args in (
    (collections.deque, ("ab",)), (collections.defaultdict, (int, {"k": 1})), (io.StringIO, ("text",)),
    (io.BytesIO, (b"bytes",)), (struct.Struct, ("<ih",)), (property, (len,)),
    (getattr(builtins, "ExceptionGroup"), ("many", [ValueError(1)])))]


class Wrapped:
    """Something to call that has its names from elsewhere."""

    def __init__(self, function):
        self.function = function

    def __getattr__(self, name):
        calls.append(name)
        return getattr(self.function, name)

    def __call__(self, *args):
        return self.function(*args)


class Wrapping:
    plain = staticmethod(Wrapped(len))
    of_class = classmethod(Wrapped(repr))


wrapped_names = {name: dict(vars(Wrapping)[name].__dict__) for name in ("plain", "of_class")}
calls.clear()


def check():
    assert calls == [], calls  # neither by the save nor by the load
    assert list(backwards) == [3, 2, 1] and backwards[0] == 1 and backwards.maxlen == 3
    assert list(keyed) == ["b", "a"] and keyed.default_factory.__self__ is keyed
    assert keyed["c"] == 2 and list(keyed) == ["b", "a", "c"] and keyed.pop("c") == 2
    assert local.number == 4 and local.shared is local
    queue, table, text, data, layout, shown, group = objects
    assert list(queue) == ["a", "b"] and queue.maxlen is None and table == {"k": 1} and table["new"] == 0
    del table["new"]
    assert text.getvalue() == "text" and data.getvalue() == b"bytes" and layout.unpack(b"\1\0\0\0\2\0") == (1, 2)
    assert shown.fget is len and group.message == "many" and repr(group.exceptions) == "(ValueError(1),)"
    for wrapper in (vars(Holder)[name] for name in ("shown", "of_class", "plain")):
        assert wrapper.__doc__ == "of the function" and type(wrapper).__name__ == "Named"
    for name, names in wrapped_names.items():
        assert vars(Wrapping)[name].__dict__ == names and names["__name__"], names
        assert isinstance(vars(Wrapping)[name].__func__, Wrapped)
    assert Wrapping.plain("abc") == 3 and Wrapping.of_class() == repr(Wrapping)
    assert Holder().shown == Holder.of_class() == Holder.plain(1) == 5 and complaint() == first_complaint
    calls.clear()
