# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Files being read: line by line, in the middle of a multi-byte character, binary, two at once."""
from digest import Digest, report

with open("input.txt", "w", encoding="utf-8") as out:
    for i in range(120000):
        out.write(f"{i},wörd{i % 17},{'日本' * (i % 3)}{i * i % 991}\n")
with open("input.bin", "wb") as out:
    out.write(bytes(i * i % 251 for i in range(300000)))

digest = Digest()
lines = open("input.txt", encoding="utf-8")
blocks = open("input.bin", "rb")
rows = open("input.txt", encoding="utf-8", newline="")
total = 0
for number, line in enumerate(lines):
    key, word, rest = line.rstrip("\n").split(",")
    for character in rest * 8:
        total = (total * 31 + ord(character)) % 1000003
    if number % 40 == 0:
        block = blocks.read(101)
        digest.add(block)
        total += sum(block)
    if number % 500 == 0:
        digest.add(line, word, total)
digest.add(lines.read(), blocks.tell())
for row in rows:
    total += len(row)
    if total % 7 == 0:
        total = (total * 31 + ord(row[0])) % 1000003
lines.seek(0)
lines.readline()
position = lines.tell()
middle = lines.read(5000)
lines.seek(position)
assert lines.read(5000) == middle
for name in (lines, blocks, rows):
    name.close()
report("file_reading", digest)
