# SPDX-License-Identifier: BSD-3-Clause
"""A program of some seconds: a ring of messages, a reduction, random numbers, growing files.

    paced.py STEPS SECONDS_PER_STEP [NAME]

Writes NAME.<rank>.log while it runs and NAME.result at its end. The pace changes no result.
"""
import random
import sys
import time
import zlib

from mpi4py import MPI


def main(steps, pace, name):
    comm = MPI.COMM_WORLD
    left, right = (comm.rank - 1) % comm.size, (comm.rank + 1) % comm.size
    generator = random.Random(comm.rank)
    digest = 0
    carried, total = comm.rank, 0.0
    with open(f"{name}.{comm.rank}.log", "w", encoding="utf-8") as log:
        for step in range(steps):
            carried = comm.sendrecv(carried + generator.random(), dest=right, source=left)
            total = comm.allreduce(carried * (step % 7 + 1))
            text = f"{step} {carried!r} {total!r}\n"
            digest = zlib.crc32(text.encode(), digest)
            log.write(text)
            log.flush()
            time.sleep(pace)
    digests = comm.gather(digest)
    if comm.rank == 0:
        with open(f"{name}.result", "w", encoding="utf-8") as out:
            out.writelines(f"{text}\n" for text in [repr(total), *digests])


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "paced")
