# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""logging to a file and to standard output: handlers, formatters, filters, child loggers."""
import logging
import logging.handlers
import sys

from digest import Digest, report


class Every:
    def __init__(self, n):
        self.n, self.seen = n, 0

    def filter(self, record):
        self.seen += 1
        return self.seen % self.n == 0


log = logging.getLogger("solver")
log.setLevel(logging.DEBUG)
handler = logging.FileHandler("solver.log", mode="a", encoding="utf-8")
handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(funcName)s %(message)s"))
log.addHandler(handler)
console = logging.StreamHandler(sys.stdout)
console.setLevel(logging.WARNING)
console.addFilter(Every(5))
log.addHandler(console)
memory = logging.handlers.MemoryHandler(capacity=200, target=handler, flushLevel=logging.ERROR)
buffered = logging.getLogger("solver.buffered")
buffered.addHandler(memory)
buffered.propagate = False


def solve(i, value):
    for _ in range(400):
        value = (value * 48271) % 2147483647
    if value % 3 == 0:
        log.debug("step %d value %d", i, value)
    if value % 2000 == 0:
        log.warning("odd value %d", value)
    if value % 50 == 0:
        log.getChild("child").info("from the child %s", value)
        buffered.info("later %d", i)
    return value


digest = Digest()
current = 1
for step in range(40000):
    current = solve(step, current)
    if step == 20000:
        log.setLevel(logging.INFO)
    if step % 1000 == 0:
        digest.add(step, current, log.level, len(memory.buffer))
memory.close()
handler.close()
report("logging_file", digest)
