# SPDX-License-Identifier: BSD-3-Clause
"""What Fortran code does with MPI is seen: its messages on their way are saved, the ranks that it keeps
waiting are let run on, and the number by which it knows a communicator stays the same."""
import shutil
import subprocess

import pytest

import harness
from harness import CHKPT_MPI

SOURCE = harness.ROOT / "tests" / "e2e" / "scripts" / "neighbours.f90"

SCRIPT = r"""
import os, time, chkpt
from ctypes import CDLL, byref, c_double, c_int
from mpi4py import MPI
import numpy as np
code = CDLL(os.path.abspath('libneighbours.so'))
world = MPI.COMM_WORLD
rank, size = world.rank, world.size
right, left = c_int((rank + 1) % size), c_int((rank - 1) % size)
freed = [world.Dup() for _ in range(3)]  # what a resume makes anew has other numbers
ours = world.Dup()
for comm in freed: comm.Free()
number, value, got = c_int(ours.py2f()), c_double(rank + 1), c_double()

code.put_(byref(number), byref(right), byref(value))
resumed = chkpt.snapshot()  # with messages on their way
if not resumed: os.kill(os.getpid(), 9)
code.take_(byref(number), byref(left), byref(got))

time.sleep(0.2 * rank)  # ranks before the call, and ranks that wait inside it
chkpt.snapshot()
code.add_up_(byref(number), byref(value))
assert MPI.Comm.f2py(number.value) == ours and ours.py2f() == number.value

request = c_int()
code.expect_(byref(number), byref(left), byref(got if rank else value), byref(request))
said = [f'with a request {chkpt.snapshot()}']
code.answer_(byref(number), byref(right), byref(c_double(10 * rank)))
code.finish_(byref(request))
ours.Send(np.array([rank + 0.5]), right.value, 7)
message, probed = c_int(), c_double()
code.match_(byref(number), byref(left), byref(message))
said.append(f'with a message {chkpt.snapshot()}')
code.get_(byref(message), byref(probed))
assert probed.value == left.value + 0.5
said.append(f'without {chkpt.snapshot()} {rank} {value.value} {got.value}')
said = world.gather(said)
if rank == 0: print(*sum(said, []), sep='\n')
"""


def test_messages_go_on(work):
    compiler = shutil.which("mpif90")
    if not compiler:
        pytest.skip("no mpif90")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", "libneighbours.so", SOURCE], cwd=work,
                   check=True, timeout=120)
    script = work / "script.py"
    script.write_text(SCRIPT)
    command = [CHKPT_MPI, "-f", "-1", script]
    harness.run(command, work, ranks=2)
    assert harness.newest_epoch(work) >= 0
    resumed = harness.run(command, work, ranks=2)
    assert resumed.code == 0, harness.tail(resumed.stderr)
    assert any("resumed from" in line for line in resumed.messages), resumed.stderr
    assert any("an MPI request that Fortran code knows by its number" in line
               for line in resumed.messages), resumed.stderr
    assert any("an MPI message that Fortran code has matched" in line
               for line in resumed.messages), resumed.stderr
    assert resumed.stdout.splitlines() == [
        b"with a request False", b"with a message False", b"without False 0 10.0 2.0",
        b"with a request False", b"with a message False", b"without False 1 3.0 0.0"], resumed.stdout
