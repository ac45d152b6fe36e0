# SPDX-License-Identifier: BSD-3-Clause
"""phase.py save|load FOLDER CASE: one rank of one job. The state dict of CASE is pickled with the
descriptions of lib/cut/handles in place of mpi4py's objects."""
import importlib
import io
import os
import pickle
import sys
import traceback

import _handles


def made(type_, description):
    return _handles.make_again(type_, description)


class Pickler(pickle.Pickler):
    def reducer_override(self, obj):
        if _handles.describes(type(obj)):
            return made, (type(obj), _handles.describe(obj))
        return NotImplemented


def dump(state):
    """(stream, section), as a snapshot would."""
    _handles.begin_save()
    out = io.BytesIO()
    Pickler(out, 5).dump(state)
    return out.getvalue(), _handles.end_save()


def load(stream, section):
    _handles.begin_load(section)
    state = pickle.loads(stream)
    _handles.end_load()
    return state


def rank():
    from mpi4py import MPI
    return MPI.COMM_WORLD.rank


def launched_as():
    """This process's rank as the launcher (Open MPI's or MPICH's) has put it into the environment."""
    return os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ["PMI_RANK"]


def main():
    phase, folder, name = sys.argv[1:]
    case = importlib.import_module(f"case_{name}")
    if phase == "save":
        state = case.build()
        _handles.settle()
        before = _handles.registry_state()
        stream, section = dump(state)
        assert _handles.registry_state() == before, "saving changed the registry"
        with open(os.path.join(folder, f"rank{launched_as()}"), "wb") as out:
            pickle.dump((stream, section, before), out)
        _handles.go_on()
        # The job that saves goes on: nothing may have been disturbed.
        case.check(state)
        return
    with open(os.path.join(folder, f"rank{launched_as()}"), "rb") as file:
        stream, section, before = pickle.load(file)
    state = load(stream, section)
    _handles.settle()
    after = _handles.registry_state()
    assert after == before, f"registry differs\n{before}\n{after}"
    # A second snapshot right after the resume must give the same again.
    again = dump(state)
    assert again[1] == section, "the MPI section of a second snapshot differs"
    _handles.go_on()
    case.check(state)


if __name__ == "__main__":
    sys.modules["phase"] = sys.modules["__main__"]
    made.__module__ = "phase"
    try:
        main()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        sys.exit(1)
