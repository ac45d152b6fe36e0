# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Descriptors that are bare numbers: os.open, os.dup, mkstemp, directories, a replaced stdout."""
import os
import tempfile

from digest import Digest, report

os.makedirs("folder", exist_ok=True)
written = os.open("written.txt", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
shared = os.dup(written)                       # one position for both
with open("input.bin", "wb") as stream:
    stream.write(bytes(i * 7 % 251 for i in range(400000)))
read = os.open("input.bin", os.O_RDONLY)
folder = os.open("folder", os.O_RDONLY | os.O_DIRECTORY)
stream = open("stream.txt", "w", encoding="ascii")
of_stream = os.dup(stream.fileno())
lent = open(written, "ab", buffering=0, closefd=False)
made, made_path = tempfile.mkstemp(dir=".", prefix="made")
os.rename(made_path, "made.bin")
os.set_inheritable(made, True)
stdout = os.dup(1)
log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(log, 1)
ended, end = os.pipe()
os.close(end)
numbers = [written, shared, read, folder, stream.fileno(), of_stream, lent.fileno(), made, stdout, log,
           ended]
digest = Digest()
value = 7
for i in range(60000):
    for k in range(150):
        value = (value * 75 + k) % 65537
    if i % 30 == 0:
        os.write(written, b"a%d\n" % i)
        os.write(shared, b"b%d\n" % i)
        lent.write(b"c%d\n" % value)
    if i % 50 == 0:
        print(i, value, os.read(read, 5), os.read(ended, 5), flush=True)
    if i % 100 == 0:
        stream.write(f"stream {i}\n")
        stream.flush()
        os.write(of_stream, b"number %d\n" % i)
        os.pwrite(made, value.to_bytes(3, "big"), i // 100 * 3)
    if i % 2000 == 0:
        os.close(os.open(f"file{i}", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder))
        digest.add(sorted(os.listdir(folder)), os.lseek(read, 0, os.SEEK_CUR), os.get_inheritable(made),
                   os.get_inheritable(written), os.fstat(shared).st_size)
        digest.add([written, shared, read, folder, stream.fileno(), of_stream, lent.fileno(), made,
                    stdout, log, ended] == numbers, os.lseek(shared, 0, os.SEEK_CUR))
os.dup2(stdout, 1)
stream.close()
lent.close()
report("file_numbers", digest)
