# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Files being written: text and binary, buffered, overwritten in the middle, opened and closed."""
import os
import struct

from digest import Digest, report

digest = Digest()
text = open("table.csv", "w", encoding="utf-8", newline="\r\n")
record = struct.Struct("<iqd")
binary = open("records.bin", "w+b")
binary.write(b"HEAD" + bytes(12))
value = 1
for i in range(150000):
    for k in range(100):
        value = (value * 75 + k) % 65537
    text.write(f"{i};{value};é{'x' * (i % 5)}\n")
    if i % 3 == 0:
        binary.write(record.pack(i, i * i, i / 7))
    if i % 3000 == 0:
        end = binary.tell()
        binary.seek(4)
        binary.write(struct.pack("<iq", i, end))
        binary.seek(4)
        digest.add(binary.read(12))
        binary.seek(end)
        with open(f"part{i // 30000}.txt", "a", encoding="ascii") as part:
            for k in range(300):
                part.write(f"{i + k}\n")
        text.flush()
        digest.add(os.path.getsize("table.csv"), text.tell())
    if i % 50000 == 49999:
        text.close()
        text = open("table.csv", "a", encoding="utf-8", newline="\r\n")
        os.rename("records.bin", "records.tmp")
        os.rename("records.tmp", "records.bin")
text.close()
binary.close()
report("file_writing", digest)
