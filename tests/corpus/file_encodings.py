# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Text files in many encodings and newline modes, written and read line by line without a pause."""
from digest import Digest, report

ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-be", "utf-32", "shift_jis",
             "iso2022_jp", "gb18030", "koi8-r")
SAMPLES = ("größe 日本 \U0001F600", "日本語 abc", "Привет", "größe")


def sample(encoding):
    for text in SAMPLES:
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            continue
        return text


digest = Digest()
names = {}
for encoding in ENCODINGS:
    for newline in ("\n", "\r\n"):
        name = names[encoding, newline] = f"text-{encoding}-{len(newline)}.txt"
        with open(name, "w", encoding=encoding, newline=newline) as out:
            for i in range(1200):
                out.write(f"{i};{sample(encoding) * (i % 5)}")
                out.write(f";{i * i % 97}\n")
for (encoding, newline), name in names.items():
    for mode in (None, "", "\n"):
        number = 0
        with open(name, encoding=encoding, newline=mode) as lines:
            for line in lines:
                number += len(line)
                for k in range(60):
                    number ^= k
                digest.add(line)
        digest.add(encoding, newline, mode, number)
report("file_encodings", digest)
