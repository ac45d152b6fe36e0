# SPDX-License-Identifier: BSD-3-Clause
"""What a script says about saving its objects: register() and exclude().

The rest of chkpt-mpi asks customs() at each snapshot. What is registered survives a resume, and so
do excluded names; excluded objects are gone then.
"""
import builtins as _builtins
import sys as _sys
from _weakref import ref as _ref

__builtins__ = vars(_builtins).copy()  # see chkpt/__init__.py

active = False  # under chkpt-mpi
registered = {}  # type -> (save, restore)
excluded = {}  # id of an object -> (function that gives the object or None, its replacement)
excluded_names = {}  # (module name, variable name) -> replacement

_Type = type  # a parameter below has that name


def _nothing():
    pass


_UNCHANGEABLE = (type(None), bool, int, float, complex, str, bytes, tuple, type(...))
_STRUCTURE = (
    type, type(_sys), type(_nothing), type(len), type(_nothing.__code__), classmethod,
    staticmethod, property, type(_nothing.__get__(0)), type(_ref),
    type(_ for _ in ()), type((lambda x: lambda: x)(0).__closure__[0]),
)
_BUILT_IN = _UNCHANGEABLE + (list, dict, set, frozenset, bytearray)


def register(type, save, restore):
    """Save objects of exactly this type (not of subclasses) by functions of the script's.

    save(obj) returns anything that can be saved, such as a file name; a resumed run calls
    restore(value) with it, once for each object, and puts the result wherever the object was.
    Meant for types that are refused otherwise: database connections, sockets, handles of C
    libraries. Registrations survive a resume.

    save() is called at each snapshot, perhaps more than once, and must not change anything.
    restore() is called while the rest of the state is being loaded. The variables and functions of
    its module that it uses are there; what leads back to the object is not, and a snapshot in which
    it would need that is refused. Environment, signal handlers and random generators are put back
    after it. Neither may communicate by MPI.
    """
    if not isinstance(type, _Type):
        raise TypeError(f"register(): {type!r} is not a type")
    if type in _BUILT_IN or issubclass(type, _STRUCTURE):
        raise TypeError(f"register(): {type.__name__} objects are always saved as they are")
    for name, function in (("save", save), ("restore", restore)):
        if not callable(function):
            raise TypeError(f"register(): {name} is not callable: {function!r}")
    if active:
        registered[type] = (save, restore)


class ExcludedError(RuntimeError):
    """An object was used that exclude() kept out of the snapshot this run was resumed from."""


class Excluded:
    """What a resumed run finds in place of an object that exclude() kept out of the snapshot.

    It is false in a condition; anything else but repr() and comparison raises ExcludedError.
    """

    __slots__ = ("_what",)

    def __init__(self, what):
        self._what = what

    def __repr__(self):
        return f"<{self._what}, excluded from snapshots>"

    def __bool__(self):
        return False

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        self._refuse()

    def _refuse(self, *_arguments, **_keywords):
        raise ExcludedError(
            f"{self._what} is gone: chkpt.exclude() kept it out of the snapshot that this run was "
            "resumed from"
        )

    __call__ = __getitem__ = __setitem__ = __delitem__ = __iter__ = __next__ = _refuse
    __len__ = __contains__ = __enter__ = __add__ = __radd__ = __mul__ = __matmul__ = _refuse


_DEFAULT = Excluded("nothing")  # stands for no replacement given


def _is_compiled(what):
    return isinstance(what, type(_sys)) and str(getattr(what, "__file__", None)).endswith(".so")


def exclude(what, replacement=_DEFAULT):
    """Leave an object or a variable out of the snapshots; returns `what`.

    An object: wherever a resumed run would have it, it finds the replacement, or else an Excluded
    that says what is missing as soon as it is used. Meant for what would be refused (a connection)
    or is cheaper to make again (a cache). The object is left out as long as it lives; one that
    is made after a resume has to be excluded again.

    A string: the variable of that name in the calling module, whatever it is bound to, now and after
    resumes. Objects that something else leads to as well are saved.

    A compiled module of the script's own (Cython, pybind11, C): its variables in C are after a
    resume as importing it makes them. For those that would be refused and only hold what the code
    makes again when it finds it missing.

    An on_resume() function is the place to make what is missing.
    """
    if isinstance(what, str):
        if not what.isidentifier():
            raise TypeError(f"exclude(): {what!r} is not the name of a variable")
        module = _sys._getframe(1).f_globals.get("__name__", "__main__")
        if active:
            excluded_names[module, what] = _replacement(replacement, f"{module}.{what}")
        return what
    if isinstance(what, _UNCHANGEABLE + _STRUCTURE) and not _is_compiled(what):
        raise TypeError(f"exclude(): {_kind(what)} objects cannot be told apart; give the variable's name")
    if active:
        try:
            find = _ref(what)
        except TypeError:
            def find(obj=what):
                return obj
        excluded[id(what)] = (find, _replacement(replacement, f"the <{_kind(what)}> object"))
    return what


def _kind(obj):
    kind = _Type(obj)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _replacement(given, what):
    return Excluded(what) if given is _DEFAULT else given


def _living():
    """[(object, replacement)] of those that still live."""
    pairs = []
    for key, (find, replacement) in list(excluded.items()):
        obj = find()
        if obj is None:
            del excluded[key]
        else:
            pairs.append((obj, replacement))
    return pairs


def customs():
    """What the script has said, for one snapshot; None if nothing."""
    if not (registered or excluded or excluded_names):
        return None
    return registered, _living(), excluded_names
