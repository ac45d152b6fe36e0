# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A lot of standard output, lines in pieces, flushed and not; what was written is not lost."""
import sys

from digest import Digest, report

digest = Digest()
value = 1
for i in range(5000):
    for k in range(2500):
        value = (value * 75 + k) % 65537
    if i % 10 == 0:
        print(i, end=" ")
        sys.stdout.write(f"[{value}]")
        print("", value % 7, sep=":", end="\n" if i % 20 else " .. ")
    if i % 500 == 0:
        print(flush=True)
        sys.stdout.buffer.write(b"raw %d\n" % i)
    digest.add(value)
report("printing", digest)
