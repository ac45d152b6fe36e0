# SPDX-License-Identifier: BSD-3-Clause
"""Scripts that hold HDF5 files open: snapshots are taken all the same, and a resume goes on with them.

HDF5 files are compared by what they hold: where the library puts it may differ after a resume.
"""
import random
import subprocess
import time

import h5py
import numpy as np
import pytest

import harness
from harness import CHKPT_MPI

SCRIPT = harness.ROOT / "tests" / "e2e" / "scripts" / "holding_hdf5.py"
STEPS = "250"


def contents(path):
    """Every object of a file by its path: kind, shape, type, data, attributes."""
    found = {}

    def add(name, thing):
        data = None
        if isinstance(thing, h5py.Dataset):
            data = thing[()]
            if h5py.check_ref_dtype(thing.dtype):
                data = thing.file[data].name
            data = (thing.shape, thing.maxshape, thing.chunks, thing.compression, thing.dtype.descr, data)
        found[name] = (type(thing).__name__, data, {key: np.asarray(value).tolist()
                                                    for key, value in thing.attrs.items()
                                                    if key != "DIMENSION_LABELS"})

    with h5py.File(path, "r") as file:
        add("/", file)
        file.visititems(add)
    return found


def assert_same_contents(expected, actual):
    before, after = contents(expected), contents(actual)
    assert sorted(before) == sorted(after)
    for name, value in before.items():
        np.testing.assert_equal(after[name], value, err_msg=name)


def reference(folder, ranks, kind, steps=STEPS):
    made = harness.reference(SCRIPT, ranks, folder, [steps, kind])
    assert made.outcome.code == 0, made.outcome.stderr
    return made


def assert_same_end(folder, work, ranks):
    for rank in range(ranks):
        text = f"result-{rank}.txt"
        assert (work / text).read_bytes() == (folder / "reference" / text).read_bytes()
        assert_same_contents(folder / "reference" / f"out-{rank}.h5", work / f"out-{rank}.h5")


def run_to_end(command, work, ranks=1):
    outcome = harness.run(command, work, ranks)
    assert outcome.code == 0, outcome.stderr
    assert "HDF5-DIAG" not in outcome.stderr
    return outcome


@pytest.mark.parametrize("kind, ranks, kills", [("plain", 1, 2), ("latest", 1, 1), ("swmr", 1, 1),
                                                ("core", 1, 1), ("plain", 2, 1)])
def test_killed_at_random_moments(kind, ranks, kills, work, folder, pytestconfig):
    chance = random.Random(pytestconfig.getoption("--seed"))
    reference(folder, ranks, kind)
    command = [CHKPT_MPI, "-f", "40", SCRIPT, STEPS, kind]
    for _ in range(kills):
        before = harness.newest_epoch(work)
        with harness.Job(command, work, ranks) as job:
            assert job.wait_until(lambda: harness.newest_epoch(work) > before), job.stderr()
            time.sleep(chance.random() / 4)
    outcome = run_to_end(command, work, ranks)
    assert any("resumed from" in line for line in outcome.messages)
    assert_same_end(folder, work, ranks)


def test_snapshots_load_back_without_touching_the_files(work, folder):
    reference(folder, 1, "latest", "80")
    outcome = run_to_end([CHKPT_MPI, "--torture", "200", "--torture-seed", "5", SCRIPT, "80", "latest"], work)
    assert " 0 of them not as they were" in outcome.stderr and "committed" in outcome.stderr
    assert_same_end(folder, work, 1)


def held_copies(work):
    return sorted(work.glob("checkpoints/*/files/open-0-*"))


TWICE = """
import os, signal
import h5py, chkpt
f = h5py.File("out.h5", "w")
d = f.create_dataset("x", (0,), maxshape=(None,), chunks=(500,))
for i in range(4000):
    d.resize(i + 1, axis=0)
    d[i] = i
    if i in (1000, 2000) and chkpt.snapshot():
        print("resumed at", i)
    if i == 3000 and not os.path.exists("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
print(len(d), d[:].sum())
"""


def test_a_damaged_copy_makes_the_run_walk_back(work):
    (work / "script.py").write_text(TWICE)
    command = [CHKPT_MPI, "-f", "-1", "script.py"]
    assert harness.run(command, work).code == -9
    first, second = held_copies(work)
    with open(second, "r+b") as copy:
        copy.seek(3000)
        byte = copy.read(1)
        copy.seek(3000)
        copy.write(bytes([byte[0] ^ 1]))
    outcome = harness.run(command, work)
    assert "has other contents" in outcome.stderr and "resumed from epoch 1" in outcome.stderr, outcome.stderr
    assert outcome.code == -9 and len(held_copies(work)) == 2
    (work / "killed").touch()
    first.unlink()
    outcome = run_to_end(command, work)
    assert outcome.stdout == b"resumed at 2000\n4000 7998000.0\n", outcome.stderr


# A script that opens a file as told, asks for a snapshot, and goes on.
REFUSED = """
import io, os, sys
import h5py, chkpt
{opening}
held = chkpt.snapshot()
print("went on")
"""
WRITER = "f = h5py.File('big.h5', 'w'); d = f.create_dataset('x', data=range(3000))"


@pytest.mark.parametrize("opening, options, words", [
    (WRITER, ["--copy-limit", "1K"], "big.h5', open for writing, has 2"),
    (WRITER, ["--files", "keep"], "big.h5', open for writing, whose contents chkpt was told to leave alone"),
    (WRITER + "; os.rename('big.h5', 'new.h5')", [], "renamed, replaced or removed (big.h5)"),
    (WRITER + "; del f['x']", [], "an open HDF5 object without a name"),
    ("f = h5py.File(io.BytesIO(), 'w')", [], "with HDF5's driver fileobj"),
    ("f = h5py.File('o.h5', 'w', track_order=True)", [], "'o.h5', which was made with track_order"),
    ("f = h5py.File('part%d.h5', 'w', driver='family', memb_size=10**6)", [],
     "'part%d.h5' with HDF5's driver family"),
])
def test_what_is_refused_is_named(opening, options, words, work):
    (work / "script.py").write_text(REFUSED.format(opening=opening))
    outcome = harness.run([CHKPT_MPI, "-f", "-1", *options, "script.py"], work)
    assert (outcome.code, outcome.stdout) == (0, b"went on\n"), outcome.stderr
    assert words in outcome.stderr and "`__main__." in outcome.stderr, outcome.stderr


SHARED = """
from mpi4py import MPI
import h5py, chkpt
comm = MPI.COMM_WORLD
f = h5py.File("all.h5", "w", driver="mpio", comm=comm)
f.create_dataset("x", (comm.size,))[comm.rank] = comm.rank
chkpt.snapshot()
f.close()
del f
chkpt.snapshot()
"""


def test_a_file_that_ranks_write_together_is_refused_until_it_is_closed(work):
    (work / "script.py").write_text(SHARED)
    outcome = run_to_end([CHKPT_MPI, "-f", "-1", "script.py"], work, 2)
    assert "the open HDF5 file 'all.h5' with HDF5's driver mpio" in outcome.stderr, outcome.stderr
    assert "snapshot 2 committed" in outcome.stderr


REFUSED_ON_ONE_RANK = """
from mpi4py import MPI
import socket, h5py, chkpt
comm = MPI.COMM_WORLD
in_the_way = socket.socket() if comm.rank == 1 else None
f = h5py.File("all.h5", "w", driver="mpio", comm=comm)
x = f.create_dataset("x", (comm.size,))
chkpt.snapshot()
x[comm.rank] = comm.rank
f.close()
if in_the_way: in_the_way.close()
del f, x, in_the_way
chkpt.snapshot()
comm.Barrier()
if comm.rank == 0: print("went on")
"""


def test_a_rank_with_such_a_file_does_not_wait_for_one_that_has_been_refused_before(work):
    (work / "script.py").write_text(REFUSED_ON_ONE_RANK)
    outcome = run_to_end([CHKPT_MPI, "-f", "-1", "script.py"], work, 2)
    assert outcome.stdout == b"went on\n", outcome.stderr
    assert "snapshot 1 skipped" in outcome.stderr and "snapshot 2 committed" in outcome.stderr


def test_a_full_disk_skips_the_snapshot(work):
    """A tmpfs of 3 MiB, mounted where only this command sees it; the second copy does not fit."""
    if subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False,
                      capture_output=True).returncode:
        pytest.skip("no private mounts here: unshare --user --mount is refused")
    (work / "script.py").write_text(GROWING)
    (work / "checkpoints").mkdir(mode=0o700)
    shell = 'mount -t tmpfs -o size=3m,mode=700 none checkpoints && "$@"'
    outcome = run_to_end(["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", shell, "full",
                          CHKPT_MPI, "-f", "-1", "script.py"], work)
    assert "snapshot 1 committed" in outcome.stderr, outcome.stderr
    skipped = [line for line in outcome.messages if "skipped" in line]
    assert len(skipped) == 1 and "is full" in skipped[0], outcome.stderr


GROWING = """
import h5py, chkpt
import numpy as np
f = h5py.File("out.h5", "w")
for i in range(2):
    f[str(i)] = np.full(10**6 * (1 + i), 7, "u1")
    chkpt.snapshot()
"""
UNCHANGED = """
import h5py, chkpt, time
f = h5py.File("out.h5", "w")
f["x"] = range(5000)
for _ in range(3):
    chkpt.snapshot()
    time.sleep(0.02)
"""


def test_snapshots_of_an_unchanged_file_share_one_copy(work):
    (work / "script.py").write_text(UNCHANGED)
    run_to_end([CHKPT_MPI, "-f", "-1", "script.py"], work)
    copies = held_copies(work)
    assert len(copies) == 2 and len({copy.stat().st_ino for copy in copies}) == 1
