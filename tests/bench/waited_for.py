# SPDX-License-Identifier: BSD-3-Clause
"""C code that calls Python functions for a second or so, while a snapshot is wanted and has to wait for its end."""
import json
import re
import resource
import time


def long(found):
    total = 0
    for i in range(300):
        total = (total * 31 + i) % 1000003
    return found[0]


def short(found):
    return found[0]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


measures = {}
for function, calls in ((long, 50000), (short, 1000000)):
    cpu_before, before = cpu(), time.perf_counter()
    re.sub("x", function, "x" * calls)
    measures[f"waited for, {function.__name__} callbacks"] = {"wall": time.perf_counter() - before, "cpu": cpu() - cpu_before}
print(json.dumps(measures))
