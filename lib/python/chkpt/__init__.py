# SPDX-License-Identifier: BSD-3-Clause
"""chkpt: what a script may say to chkpt-mpi; under plain python3 all of it does nothing.

    import chkpt
    for step in range(1000):
        ...
        if step % 100 == 0 and chkpt.snapshot(f"step {step}"):
            print("back from the dead at", step)

Nothing here is needed: chkpt-mpi checkpoints scripts that never import this module.
"""
import builtins as _builtins
import sys as _sys

__builtins__ = vars(_builtins).copy()  # for the functions below: the script may replace some

from chkpt import _saving
from chkpt._saving import Excluded, ExcludedError, exclude, register

__all__ = [
    "Checkpoint", "Excluded", "ExcludedError", "exclude", "info", "no_snapshot", "on_resume",
    "on_snapshot", "register", "snapshot", "track", "track_library", "untrack",
]


def _load_native():
    """The functions chkpt-mpi provides, or None under plain python3."""
    import _imp

    if not _imp.is_builtin("_chkpt_native"):
        return None
    native = _imp.create_builtin(type(__spec__)("_chkpt_native", None))
    return native if native._active() else None


def _script_module():
    """A module of the script's own that is called chkpt too: it keeps its name."""
    import _frozen_importlib_external

    if __spec__.origin != "frozen":
        return None
    spec = _frozen_importlib_external.PathFinder.find_spec("chkpt")
    if spec is None or spec.loader is None or not spec.has_location:
        return None
    return None if {"site-packages", "dist-packages"} & set(spec.origin.split("/")) else spec


_native = _load_native()
_saving.active = bool(_native)
_contents = None  # the submodule, in tracked mode
_tracked = {}  # key -> object; keys: a name, ("call", n), ("library", module name)
_calls = 0  # of track() without a name
_pending = {}  # tracked mode, restart: key -> saved contents that wait for their object
_callbacks = {"snapshot": [], "resume": []}
_assigned = {}  # what the script set: "frequency", "min_obj_size"

if _native:
    snapshot = _native.snapshot
else:

    def snapshot(name=None, *, wait=True):
        """Take a snapshot now. True when this return is a resume.

        With wait=False the script goes on as soon as its state is copied; the snapshot is written
        and committed meanwhile.

        In a job of several ranks the n-th calls of all ranks belong together. Ranks that make no
        such call within a second are taken where they are.
        """
        return False


def track(obj, name=None):
    """Track obj; returns it.

    With --mode tracked its contents are saved, and restored into the same-named (or same-numbered)
    object when a restarted script tracks it again. Otherwise it is only listed: everything is saved
    anyway.
    """
    global _calls
    if not _native:
        return obj
    if name is None:
        name = ("call", _calls)
        _calls += 1
    _track(name, obj)
    return obj


def track_library(module):
    """Track the data (not the functions and classes) in a module's namespace."""
    if _native:
        _track(("library", module.__name__), module)
    return module


def untrack(obj):
    """Stop tracking obj."""
    for key in [key for key, tracked in _tracked.items() if tracked is obj]:
        del _tracked[key]


def _track(key, obj):
    if _tracking():
        _contents.check(key, obj)  # refuse it now, not at the first snapshot
    _tracked[key] = obj
    if _tracking():
        _restore_ready()


def on_snapshot(function):
    """Call function() on this rank before each snapshot is taken. Usable as a decorator.

    If it raises, the snapshot is skipped and the script goes on. Functions are called in the order
    in which they were given.
    """
    _check_function("on_snapshot", function)
    if _native:
        _callbacks["snapshot"].append(function)
    return function


def on_resume(function):
    """Call function() on this rank after a resume, before the script goes on. As on_snapshot().

    If it raises, the run ends with exit code 1.
    """
    _check_function("on_resume", function)
    if _native:
        _callbacks["resume"].append(function)
    return function


_SUSPENDABLE = 0x20 | 0x80 | 0x200  # co_flags: generator, coroutine, async generator


def info():
    """A dict about this run; {"active": False} when no checkpoints are taken."""
    return {"active": True, **_native._info()} if _native else {"active": False}


class no_snapshot:
    """Context manager and decorator: no snapshot is taken while its block, or the function, runs.

    May be nested. A snapshot that is due is taken when the outermost block has ended.
    """

    def __enter__(self):
        if _native:
            _native._hold(1)
        return self

    def __exit__(self, *exception):
        if _native:
            _native._hold(-1)

    def __call__(self, function):
        # A generator or coroutine function returns before its body has run.
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _SUSPENDABLE:
            raise TypeError(f"no_snapshot() around {function!r}: use it as a block inside")

        def held(*arguments, **keywords):
            with self:
                return function(*arguments, **keywords)

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(held, name, getattr(function, name, None))
        held.__wrapped__ = function
        return held


class Checkpoint:
    """The settings of this run. One per process: Checkpoint.get_global_singleton()."""

    snapshot = staticmethod(snapshot)
    track = staticmethod(track)
    untrack = staticmethod(untrack)
    track_library = staticmethod(track_library)

    @staticmethod
    def get_global_singleton():
        if not _native:
            raise AssertionError("not running under chkpt-mpi")
        return _singleton

    @property
    def frequency(self):
        """Milliseconds between snapshots; 0 as often as possible, -1 only when asked."""
        return _native._frequency()

    @frequency.setter
    def frequency(self, milliseconds):
        _native._set_frequency(milliseconds)
        _assigned["frequency"] = milliseconds

    @property
    def min_obj_size(self):
        """Tracked mode: globals of at least this many bytes are taken too; -1 none."""
        return _native._min_obj_size()

    @min_obj_size.setter
    def min_obj_size(self, size):
        _native._set_min_obj_size(size)
        _assigned["min_obj_size"] = size

    @property
    def tracked_objects(self):
        return list(_tracked.values())


_singleton = Checkpoint()


# ---- asked for by chkpt-mpi -------------------------------------------------------------------


def _run_callbacks(event):
    """What went wrong in the first function that raised; None if none did."""
    for function in list(_callbacks[event]):
        try:
            function()
        except Exception as error:
            return (f"{_name_of(function)}() given to chkpt.on_{event}() raised "
                    f"{type(error).__name__}: {error}{_line_of(error)}")
    return None


def _name_of(function):
    return getattr(function, "__qualname__", None) or repr(function)


def _line_of(error):
    """Where it was raised: the innermost line outside this module."""
    place = ""
    traceback = error.__traceback__
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith("<frozen chkpt"):
            place = f" at {file.rpartition('/')[2]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _check_function(where, function):
    if not callable(function):
        raise TypeError(f"{where}(): not callable: {function!r}")


def _get_customs():
    """For each snapshot: what the script has said about saving; None if nothing."""
    return _saving.customs()


def _get_state():
    """This module's part of a snapshot (the module itself is never saved)."""
    return {
        "tracked": list(_tracked.items()),
        "calls": _calls,
        "callbacks": {event: list(functions) for event, functions in _callbacks.items()},
        "assigned": dict(_assigned),
        "registered": dict(_saving.registered),
        "excluded_names": dict(_saving.excluded_names),
    }


def _set_state(state):
    global _calls
    _tracked.clear()
    _tracked.update(state["tracked"])
    _calls = state["calls"]
    for event, functions in state["callbacks"].items():
        _callbacks[event][:] = functions
    _assigned.update(state["assigned"])  # _assign_again() follows
    _saving.registered.update(state.get("registered", {}))
    _saving.excluded_names.update(state.get("excluded_names", {}))


def _assign_again():
    """Once the run listens again: the settings the script had made before the snapshot."""
    for name, value in list(_assigned.items()):
        setattr(_singleton, name, value)


# ---- tracked mode: what is restored when ---------------------------------------------------------


def _tracking():
    """True with --mode tracked. This module may be imported before that is known."""
    if not (_native and _native._tracked_mode()):
        return False
    if _contents is None:
        import chkpt._contents  # binds _contents

        _pending.update(_native._restored() or {})
    return True


def _collect_tracked():
    """The contents of all tracked objects, as _contents.save() gives them; None if there are none.

    What a restarted script has not tracked again yet is kept as it was.
    """
    if not _tracking():
        return None
    objects = dict(_tracked)
    known = {id(obj) for obj in objects.values()}
    least = _native._min_obj_size()
    if least >= 0:
        found = _contents.large_globals(least)
        objects.update((key, obj) for key, obj in found if id(obj) not in known)
    return {**_contents.save(objects, _pending), **_contents.kept(_pending)} or None


def _live_object(key):
    if key in _tracked:
        return _tracked[key]
    if isinstance(key, tuple) and key[0] == "global":
        main = vars(_sys.modules["__main__"])
        if key[1] in main:
            return main[key[1]]
    raise _contents.NotTrackedYet(key)


def _restore_ready():
    """Restore every object that exists by now and whose references exist too."""
    for key in list(_pending):
        try:
            obj = _live_object(key)
            parts = _contents.load(_pending[key], _live_object)
        except _contents.NotTrackedYet:
            continue
        _contents.put_back(key, obj, parts)
        del _pending[key]


def _settle_restored():
    """Before an explicit snapshot: what was tracked again must have been restored by now."""
    if not _tracking():
        return
    _restore_ready()
    waiting = [_contents.label(key) for key in _pending if key in _tracked]
    if waiting:
        raise RuntimeError(
            f"tracked {', '.join(waiting)} cannot be restored: it refers to objects that were "
            "tracked when it was saved and have not been tracked again"
        )


def _become(spec):
    """Let the script's own module chkpt take this one's place in sys.modules."""
    module = type(_sys)(spec.name)
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__file__ = spec.origin
    module.__package__ = spec.parent
    if spec.cached:
        module.__cached__ = spec.cached
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    _sys.modules["chkpt"] = module
    spec.loader.exec_module(module)


_chkpt_mpi_state = True  # marks this module for chkpt-mpi
_other = _script_module()
if _other is not None:
    _become(_other)
