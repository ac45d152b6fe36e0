# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# Changes to the file system that cannot be made twice: a resume has to take them back first.
import json
import os
import shutil
import time

from digest import Digest, report


def read_modify_write(path, digest):
    count = int(path_text(path))
    with open(path, "w", encoding="ascii") as out:
        out.write(str(count + 1))
    digest.add(count)


def path_text(path):
    with open(path, encoding="ascii") as source:
        return source.read()


def busy(seconds):
    value = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value += 1
    return value


digest = Digest()
os.mkdir("out")
os.makedirs("tree/branch/leaf")
with open("counter", "x", encoding="ascii") as first:
    first.write("0")
log = open("current.log", "a", encoding="ascii")
for i in range(90):
    read_modify_write("counter", digest)
    log.write(f"line {i}\n")
    with open("short.log", "a", encoding="ascii") as short:
        short.write(f"{i} after {short.tell()}\n")
    with open(f"out/{i}", "x", encoding="ascii") as once:
        once.write("x" * i)
    if i % 5 == 4:
        log.close()
        os.rename("current.log", f"log.{i // 5 % 4}")
        log = open("current.log", "a", encoding="ascii")
    if i % 7 == 6:
        os.rename("tree/branch", f"tree/branch{i}")
        os.makedirs("tree/branch/leaf")
    if i % 13 == 12:
        digest.add(sorted(os.listdir("tree")))
        shutil.rmtree("tree")
        os.makedirs("tree/branch/leaf")
        os.symlink("branch", "tree/link")
    with open("new.json", "w", encoding="ascii") as new:
        json.dump({"i": i}, new)
    os.replace("new.json", "state.json")
    fd = os.open("records", os.O_RDWR | os.O_CREAT)
    with open(fd, "r+b") as records:
        old = records.read(8) or b"0"
        records.seek(0)
        records.write(b"%08d" % (int(old) + i))
    if os.path.exists(f"out/{i - 9}"):
        os.remove(f"out/{i - 9}")
    busy(0.015)
log.close()
left = sorted(set(os.listdir(".")) - {"checkpoints"})
digest.add(left, path_text("short.log"), path_text("records"))
report("file_changes", digest)
