# SPDX-License-Identifier: BSD-3-Clause
"""Tracked mode: contents out of living objects, and back into them in place.

Used by chkpt/__init__.py only, and only with --mode tracked. Contents are ordinary pickles, so the
classes in them are found by name in the script that runs now.
"""
import io
import pickle
import sys


class NotTrackedYet(Exception):
    """Contents refer to an object that the restarted script has not tracked again so far."""


def label(key):
    if isinstance(key, str):
        return key
    return f"object {key[1]}" if key[0] == "call" else f"{key[0]} {key[1]}"


def check(key, obj):
    """Refuses an object that could not be restored in place."""
    if key[0] != "library" and not parts_of(obj):
        raise TypeError(f"track({label(key)}): a {type(obj).__name__} cannot be restored in place")


def save(objects, without=()):
    """{key: (pickle, buffers)} of the contents of {key: object}, but not of the keys in `without`.

    References between these objects stay references: load() looks them up.
    """
    keys = {id(obj): key for key, obj in objects.items()}

    class Saver(pickle.Pickler):
        def persistent_id(self, obj):
            return keys.get(id(obj))

    def save_one(key, obj):
        stream, buffers = io.BytesIO(), []
        try:
            Saver(stream, 5, buffer_callback=buffers.append).dump(parts_of(obj))
        except Exception as error:
            raise TypeError(f"tracked {label(key)}: {error}") from error
        return stream.getvalue(), buffers

    return {key: save_one(key, obj) for key, obj in objects.items() if key not in without}


def kept(saved):
    """What save() gave in an earlier run, to be saved once more."""
    return {
        key: (stream, [pickle.PickleBuffer(buffer) for buffer in buffers])
        for key, (stream, buffers) in saved.items()
    }


def load(saved, find):
    """The contents again; find(key) gives the object of a reference or raises NotTrackedYet."""

    class Loader(pickle.Unpickler):
        def persistent_load(self, key):
            return find(key)

    stream, buffers = saved
    # Copies: arrays inside the contents live on, the snapshot's memory does not.
    copies = [bytearray(pickle.PickleBuffer(buffer).raw()) for buffer in buffers]
    return Loader(io.BytesIO(stream), buffers=copies).load()


def parts_of(obj):
    """The restorable parts of obj, as a dict of new containers; empty if there are none."""
    numpy = sys.modules.get("numpy")
    parts = {}
    if isinstance(obj, type(sys)):
        parts["library"] = {k: v for k, v in vars(obj).items() if is_data(k, v)}
        return parts
    if isinstance(obj, (type, type(label))):
        return parts
    if numpy and isinstance(obj, numpy.ndarray):
        parts["array"] = numpy.asarray(obj).view()
    elif isinstance(obj, bytearray):
        parts["bytes"] = bytes(obj)
    elif isinstance(obj, list):
        parts["list"] = list(obj)
    elif isinstance(obj, dict):
        parts["dict"] = list(dict.items(obj))
    elif isinstance(obj, set):
        parts["set"] = list(obj)
    attributes = getattr(obj, "__dict__", None)
    if isinstance(attributes, dict):
        parts["attributes"] = dict(attributes)
    slots = slots_of(obj)
    if slots:
        parts["slots"] = {name: getattr(obj, name) for name in slots if hasattr(obj, name)}
    return parts


def is_data(name, value):
    return not (
        name.startswith("__") or isinstance(value, (type, type(sys))) or callable(value)
    )


def slots_of(obj):
    names = []
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{cls.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__"):
                names.append(name)
    return names


def large_globals(least):
    """Containers and arrays among __main__'s globals of at least `least` bytes."""
    numpy = sys.modules.get("numpy")
    kinds = (list, dict, set, bytearray) + ((numpy.ndarray,) if numpy else ())
    for name, value in vars(sys.modules["__main__"]).items():
        if name.startswith("__") or type(value) not in kinds:
            continue
        size = getattr(value, "nbytes", None)
        if (sys.getsizeof(value) if size is None else size) >= least:
            yield ("global", name), value


def put_back(key, obj, parts):
    if set(parts) != set(parts_of(obj)):
        raise TypeError(f"tracked {label(key)}: saved as another type, now {type(obj).__name__}")
    for part, value in parts.items():
        if part == "array":
            if obj.shape != value.shape or obj.dtype != value.dtype:
                raise ValueError(
                    f"tracked {label(key)}: saved as {value.dtype}{list(value.shape)}, "
                    f"now {obj.dtype}{list(obj.shape)}"
                )
            obj[...] = value
        elif part in ("bytes", "list"):
            obj[:] = value
        elif part == "dict":
            dict.clear(obj)
            dict.update(obj, value)
        elif part == "set":
            obj.clear()
            obj.update(value)
        elif part == "slots":
            for name in slots_of(obj):
                if name in value:
                    object.__setattr__(obj, name, value[name])
                elif hasattr(obj, name):
                    object.__delattr__(obj, name)
        else:  # "attributes", "library"
            namespace = vars(obj)
            if part == "attributes":
                namespace.clear()
            namespace.update(value)
