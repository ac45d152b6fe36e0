# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Append mode, a file opened twice, print(file=), line buffering, truncation, directories made."""
import os
import pathlib

from digest import Digest, report


class Recorder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = self.path.open("a", buffering=1, encoding="utf-8")
        self.lines = 0

    def __call__(self, *things):
        print(*things, file=self.stream, sep="|")
        self.lines += 1


pathlib.Path("old.log").write_text("from an earlier run\n", encoding="ascii")
first = Recorder("logs/deep/first.log")
second = Recorder("old.log")
raw = open("raw.log", "ab", buffering=0)
digest = Digest()
value = 7
for i in range(70000):
    for k in range(180):
        value = (value * 75 + k) % 65537
    if i % 4 == 0:
        first(i, value)
    if i % 9 == 0:
        second(i, "line", value)
    if i % 50 == 0:
        raw.write(value.to_bytes(3, "big"))
    if i % 7000 == 0:
        digest.add(i, value, first.lines, second.lines, os.path.getsize("raw.log"))
        digest.add(sorted(os.listdir("logs/deep")))
for recorder in (first, second):
    recorder.stream.close()
raw.close()
digest.add(pathlib.Path("old.log").read_text(encoding="ascii")[-40:])
report("file_appending", digest)
