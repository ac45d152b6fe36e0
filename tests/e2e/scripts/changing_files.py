# SPDX-License-Identifier: BSD-3-Clause
"""Random changes of files, some of them held open, with snapshots on the way and a death by SIGKILL
behind the last one; at the end what became of everything: changing_files.py SEED"""
import hashlib
import mmap
import os
import random
import shutil
import signal
import sys

try:
    import chkpt
except ImportError:  # under a python3 that has no chkpt
    chkpt = None

STEPS = 130
rng = random.Random(int(sys.argv[1]))
snapshots = sorted(rng.sample(range(15, 80), 3))
death = snapshots[-1] + rng.randrange(1, 30)
held, said = [], []


def found(kind):
    """Paths that are there, in order."""
    all_paths = [os.path.join(folder, name) for folder, folders, files in os.walk(".") for name in folders + files]
    return sorted(path for path in all_paths if kind(path) and not os.path.islink(path))


def file(): return rng.choice(found(os.path.isfile) or ["nothing"])
def directory(): return rng.choice(found(os.path.isdir) or ["nothing"])
def fresh(): return os.path.join(rng.choice([".", *found(os.path.isdir)]), f"n{rng.randrange(12)}")
def data(): return bytes([rng.randrange(65, 90)]) * rng.randrange(1, 40)


def put(path, mode, at=None):
    with open(path, mode) as opened:
        if at is not None:
            opened.seek(at)
        opened.write(data())


def hold(path, mode):
    held.append(open(path, mode, buffering=rng.choice([0, -1])))


def of_held(change):
    if held:
        return change(rng.choice(held))


def read_again(opened):
    opened.seek(0)
    return hashlib.md5(opened.read()).hexdigest()[:6]


def map_it(path):
    with open(path, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        memory[0:1] = b"M"


def write_there(opened):
    opened.flush()
    os.pwrite(opened.fileno(), data(), rng.randrange(30))


CHANGES = [
    lambda: put(fresh(), "wb"), lambda: put(file(), "ab"), lambda: put(file(), "wb"), lambda: put(fresh(), "xb"),
    lambda: put(file(), "r+b", rng.randrange(20)), lambda: map_it(file()), lambda: os.truncate(file(), rng.randrange(30)),
    lambda: hold(file(), rng.choice(["r+b", "ab", "a+b", "rb"])), lambda: hold(fresh(), "wb"),
    lambda: of_held(lambda opened: opened.write(data())), lambda: of_held(lambda opened: opened.seek(rng.randrange(15))),
    lambda: of_held(lambda opened: opened.truncate(rng.randrange(30))), lambda: of_held(write_there),
    lambda: of_held(read_again), lambda: of_held(lambda opened: opened.close()),
    lambda: os.rename(file(), fresh()), lambda: os.replace(file(), file()), lambda: os.unlink(file()),
    lambda: os.link(file(), fresh()), lambda: os.symlink(os.path.basename(file()), fresh()),
    lambda: shutil.copy2(file(), fresh()), lambda: shutil.move(file(), fresh()) and None,
    lambda: os.chmod(file(), rng.choice([0o600, 0o644])), lambda: os.mkdir(fresh()), lambda: os.mkdir(fresh()),
    lambda: os.rmdir(directory()), lambda: shutil.rmtree(directory()), lambda: os.rename(directory(), fresh()),
]


def change():
    number = rng.randrange(len(CHANGES))
    try:
        said.append((number, CHANGES[number]()))
    except (OSError, ValueError) as error:
        said.append((number, type(error).__name__))


def let_go_of_lost_ones():
    """A snapshot needs to find by its name what is held open."""
    for opened in held[:]:
        if opened.closed or not os.path.exists(opened.name) or not os.path.samestat(
                os.stat(opened.name), os.fstat(opened.fileno())) or len(held) > 6:
            opened.close()
            held.remove(opened)


def picture():
    for path in sorted(os.path.join(folder, name) for folder, folders, files in os.walk(".") for name in folders + files):
        if os.path.islink(path):
            yield path, os.readlink(path)
        else:
            yield path, oct(os.stat(path).st_mode), os.path.isfile(path) and open(path, "rb").read()


os.mkdir("tree")
os.chdir("tree")
for step in range(STEPS):
    change()
    let_go_of_lost_ones()
    if step in snapshots:
        for opened in held:
            opened.flush()  # a snapshot does
        if chkpt:
            chkpt.snapshot()
    if step == death and chkpt and chkpt.info()["resumed_epoch"] == 0:
        for opened in held:
            opened.flush()
        os.kill(os.getpid(), signal.SIGKILL)
for opened in held:
    opened.close()
print(hashlib.md5(repr(said).encode()).hexdigest(), *picture(), sep="\n")
