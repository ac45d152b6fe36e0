# SPDX-License-Identifier: BSD-3-Clause
"""Writes a pickle stream laid out as chkpt's own pickler lays it out: several pickles of one memo
(interned strings, header, body, deferred containers, None) with labels for what is not pickled by
value. One 80000-byte array goes out of band."""
import io
import pickle
import sys

import numpy as np


class Label:
    """An object that is written as a persistent id."""

    def __init__(self, *parts):
        self.parts = parts

    def __call__(self, *args):
        raise AssertionError("only labels are written")


class Call:
    """What is rebuilt by calling a reconstructor, with an optional state setter."""

    def __init__(self, name, args, state=None, setter=None):
        self.name, self.args, self.state, self.setter = name, args, state, setter

    def __reduce_ex__(self, protocol):
        value = (rebuilder(self.name), self.args)
        if self.setter:
            value += (self.state, None, None, rebuilder(self.setter))
        return value


LABELS = {}


def label(*parts):
    return LABELS.setdefault(parts, Label(*parts))


def rebuilder(name):
    return label("R", name)


NAMES = ("solver", "history", "main", "code", "u")


class Pickler(pickle._Pickler):
    """Names that were interned are written once, as calls, and then taken from the memo. One that is
    met later is the persistent id of its call."""

    calls = {}
    met_later = {}

    def save(self, obj, save_persistent_id=True):
        if type(obj) is str and obj in self.calls:
            return super().save(self.calls[obj])
        super().save(obj, save_persistent_id)
        if type(obj) is Call and obj.name == "interned" and obj.args[0] in NAMES:
            self.calls[obj.args[0]] = obj

    def persistent_id(self, obj):
        if obj == "dt" and not self.writes("dt"):
            return self.met_later.setdefault(obj, Call("interned", (obj,)))
        return obj.parts if type(obj) is Label else None

    def writes(self, name):
        """Whether this is the argument of the call that was asked for just now."""
        call = self.met_later.get(name)
        return call is not None and id(call) not in self.memo


def code(filename, name, qualname, varnames, cellvars=(), freevars=()):
    return Call("code", (0, 0, 0, len(varnames), 9, 3, b"\x97\x00", (None,), (), varnames, filename,
                         name, qualname, 1, b"", b"", freevars, cellvars))


def instance(cls, attributes, slots=None):
    return Call("object", (cls, object, ()), (attributes, slots, False), "object.state")


def make_class(name, slots=None):
    first = {"__module__": "__main__", "__qualname__": name}
    if slots:
        first["__slots__"] = slots
    return Call("class", (type, name, (object,), first), ([], (), None, []), "class.state")


def array(shape, memory, order="C", axes=None):
    return Call("numpy.array", (np.ndarray, Call("numpy.dtype", ("<f8",)), shape, order, memory, axes))


def view(owner, shape, strides, offset):
    return Call("numpy.view", (np.ndarray, owner, owner.args[1], shape, strides, offset))


def native(cls, base, args, items=None, pairs=None, table=None, attributes=None):
    """An instance of a subclass of a C type."""
    return Call("native", (cls, base, args, False),
                ((attributes, None, False), base, None, items, pairs, table, "__setstate__"),
                "native.state")


def frame(code_object, local_values, locals_dict=None):
    return [code_object, None, locals_dict, 0, 10, -1, local_values, [], None, None]


def program():
    unset = label("R", "null")
    solver_class = make_class("Solver")
    point_class = make_class("Point", ("x", "y"))
    u = array((100, 100), pickle.PickleBuffer(np.arange(10000.0)))
    solver = instance(solver_class, {"u": u, "dt": 0.25, "name": "heat"})
    cell = Call("cell", (), (42,), "cell.state")
    history = [0.5, 0.25]
    main_code = code("/home/user/heat.py", "main", "main", ("solver", "history", "n", "unset"),
                     cellvars=("counter",))
    step_code = code("/home/user/heat.py", "step", "Solver.step", ("self", "left"))
    module_code = code("/home/user/heat.py", "<module>", "<module>", ())
    module_dict = label("D", "__main__")
    frames = [frame(module_code, [], module_dict),
              frame(main_code, [solver, history, 7, unset, cell]),
              frame(step_code, [solver, instance(point_class, None, (1, 2))])]
    variables = [("__name__", "__main__"), ("np", label("m", "numpy")), ("Solver", solver_class),
                 ("state", {"x": 1, "log": history}), ("tags", label("X", 0, "s")),
                 ("index", label("X", 1, "d")), ("environ", label("s", "os", "environ")),
                 ("top", view(u, (50, 100), (800, 8), 0)),
                 ("turned", array((2, 3, 4), b"\0" * 192, axes=(2, 0, 1))),
                 ("stack", native(make_class("Stack"), list, (), items=[1, 2, 3],
                                  attributes={"limit": 9})),
                 ("cache", native(make_class("Cache"), dict, (), pairs=[("a", 1), ("b", 2)])),
                 ("failure", Call("exception", (ValueError, ValueError, ("bad", 3)),
                                  (("bad", 3), (None, None, False), None, None, False, None, {}),
                                  "exception.state")),
                 ("log", Call("file.text", (Call("file.buffered", (
                     io.BufferedWriter, Call("file.raw", (
                         ("/tmp/run.log", 1025, 5, 3, 3, False, []), "run.log", "ab")), 5)),
                     {}, None)))]
    body = {"frames": frames, "base_exception": None, "modules": [("__main__", variables)],
            "process": {}, "registrations": [], "extra": None}
    table = [1, 11, "red", 4, 44, unset, 6, 66, "green"]
    deferred = (0, [(7, 3, 0, table), [(("a", 1), "first"), (("b", 2), "second")]])
    interned = [Call("interned", (name,)) for name in NAMES]
    return [interned, {"shells": [], "imports": ["numpy"], "stack": None}, body,
            deferred, None]


def main():
    out = io.BytesIO()
    pickler = Pickler(out, 5, buffer_callback=lambda buffer: None)
    for part in program():
        pickler.dump(part)
    sys.stdout.buffer.write(out.getvalue())


main()
