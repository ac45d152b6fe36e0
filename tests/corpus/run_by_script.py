# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A script that runs others as __main__ (runpy), and one whose own module gives way to another for good."""
import runpy
import sys
import types
from pathlib import Path

from digest import Digest, report

digest = Digest()
own = sys.modules["__main__"]
OTHER = """
import sys
class Number:
    def __init__(self, value):
        self.value = value
    def step(self, k):
        self.value = (self.value * 69069 + k) & 0xFFFFFFFF
number = Number(SEED)
for k in range(120000):
    number.step(k)
assert sys.modules["__main__"].Number is Number, "a main module that is not the one that runs"
"""


def by_path(seed):
    path = Path(f"other{seed}.py")
    path.write_text(OTHER.replace("SEED", str(seed)))
    return runpy.run_path(str(path), run_name="__main__")["number"].value


def for_good():
    worker = types.ModuleType("__worker__")
    exec("def work(n):\n    return sum(k * k % 7 for k in range(n))\n", worker.__dict__)
    sys.modules["__main__"] = sys.modules["__worker__"] = worker
    for n in range(40000, 40030):
        digest.add(worker.work(n), sys.modules["__main__"] is worker)


for seed in range(1, 6):
    digest.add(by_path(seed))
    assert sys.modules["__main__"] is own, "the script's own module has not come back"
for_good()
digest.add(own.digest is digest, own.__name__)
report("run_by_script", digest)
