# SPDX-License-Identifier: BSD-3-Clause
"""counting.py STEPS [CODE]: a running checksum into result.txt; ends with exit code CODE."""
import sys


def main(steps, code):
    value = 1
    log = open("progress.log", "a", encoding="ascii")
    for step in range(steps):
        for k in range(1000):
            value = (value * 16807 + k) % 2147483647
        if step % 100 == 0:
            log.write(f"{step} {value}\n")
            log.flush()
    log.close()
    with open("result.txt", "w", encoding="ascii") as out:
        out.write(f"{steps} {value}\n")
    return code


sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
