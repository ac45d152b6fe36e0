# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Subprocesses that have ended before and end between the cuts; their results are kept."""
import subprocess
import sys

from digest import Digest, report

digest = Digest()
finished = []
value = 3
for i in range(10):
    done = subprocess.run(["sh", "-c", f"echo {i}; exit {i % 3}"], capture_output=True, text=True,
                          check=False)
    finished.append(done)
    for k in range(700000):
        value = (value * 69069 + k) & 0xFFFFFFFF
    digest.add(done.stdout, done.returncode, value)
    if i % 5 == 4:
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(str(value).encode())
        digest.add(out, process.returncode)
        del process
try:
    subprocess.run(["false"], check=True)
except subprocess.CalledProcessError as error:
    digest.add(error.returncode, error.cmd)
digest.add([done.returncode for done in finished], sys.executable is not None)
report("subprocess_finished", digest)
