# SPDX-License-Identifier: BSD-3-Clause
"""Holds objects half-way at a snapshot, then goes on with them: run.py MODULE MODE [KIND...]

MODULE defines kinds: generator functions that make objects, bring them half-way, yield once, use
them and return what came of it. Their docstrings are rows of lib/python/heap/OBJECTS.md:

    what it is | exact
    what it is | noted | what a resume says, or what begins anew
    what it is | refused | a part of the text with which the snapshot is refused

together: those that come back are held at one snapshot, after which the process kills itself, and,
resumed, once more: what a resume has made has to come back too.
refused: one after the other is held at a snapshot of its own. all: so are all of them, to look at.
"""
import importlib
import os
import signal
import sys
import warnings

try:
    import chkpt
except ImportError:  # under a python3 that has no chkpt
    chkpt = None

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def kinds_of(module):
    """Its kinds in order: (function, [what it is, outcome, text])."""
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) == module.__name__ and "|" in (value.__doc__ or ""):
            yield value, [part.strip() for part in value.__doc__.split("|")]


def finish(name, held):
    try:
        next(held)
        result = "goes on"
    except StopIteration as end:
        result = end.value
    except Exception as error:
        result = error
    print(f"{name}: {result!r}", flush=True)


def together(kinds):
    held = {kind.__name__: kind() for kind in kinds}
    for making in held.values():
        next(making)
    for _ in range(2):
        if chkpt and not chkpt.snapshot() and chkpt.info()["active"]:
            os.kill(os.getpid(), signal.SIGKILL)
    while held:
        name = next(iter(held))
        finish(name, held.pop(name))


def one_by_one(kinds):
    for kind in kinds:
        held = {kind.__name__: kind()}
        next(held[kind.__name__])
        print(f"kind {kind.__name__}", file=sys.stderr, flush=True)
        if chkpt:
            chkpt.snapshot()
        finish(*held.popitem())


def main(module, mode, *names):
    warnings.simplefilter("ignore", ResourceWarning)
    all_kinds = list(kinds_of(importlib.import_module(module)))
    chosen = [kind for kind, (_, outcome, *_) in all_kinds
              if mode == "all" or (outcome == "refused") == (mode == "refused")]
    chosen = [kind for kind in chosen if not names or kind.__name__ in names]
    together(chosen) if mode == "together" else one_by_one(chosen)


if __name__ == "__main__":
    main(*sys.argv[1:])
