# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""bytearray edits, arrays, struct records, memoryviews sliced and cast, integers from bytes, a ring buffer."""
import array
import struct

from digest import Digest, report

RECORD = struct.Struct("<HfxBi")


class Ring:
    def __init__(self, size):
        self.bytes = bytearray(size)
        self.view = memoryview(self.bytes)
        self.begin = self.used = 0

    def write(self, data):
        data = data[:len(self.bytes) - self.used]
        for byte in data:
            self.view[(self.begin + self.used) % len(self.bytes)] = byte
            self.used += 1
        return len(data)

    def read(self, count):
        out = bytearray()
        while count and self.used:
            out.append(self.view[self.begin])
            self.begin = (self.begin + 1) % len(self.bytes)
            self.used -= 1
            count -= 1
        return bytes(out)


def edited(text, n):
    text[n % 7:n % 7 + 2] = b"<%d>" % n
    text.insert(n % len(text), n % 256)
    del text[::max(n % 11, 3)]
    text += bytes(range(n % 5))
    text.reverse()
    if len(text) > 60:
        del text[40:]
    return text.count(0), text.find(b">"), bytes(text[:8])


digest = Digest()
text = bytearray(b"the beginning of it")
ring = Ring(23)
records = bytearray(RECORD.size * 8)
samples = array.array("h", range(40))
whole = memoryview(samples)
words = memoryview(bytearray(64)).cast("I")
square = memoryview(bytearray(36)).cast("B", (6, 6))
for n in range(32000):
    digest.add(edited(text, n), ring.write(b"%x" % (n * n)), ring.read(n % 6), ring.used)
    RECORD.pack_into(records, n % 8 * RECORD.size, n % 60000, n / 3, n % 256, -n)
    for number, (a, b, c, d) in enumerate(RECORD.iter_unpack(records)):
        if number == n % 8:
            digest.add(a, b, c, d)
    part = whole[n % 10:30:n % 3 + 1]
    part[0] = n % 30000
    samples[n % 40] ^= len(part)
    words[n % 16] = n * 2654435761 % 2**32
    square[n % 6, n // 6 % 6] = n % 256
    digest.add(part.tolist()[:4], part.contiguous, words[::5].tolist(), square.tobytes()[:5])
    digest.add(int.from_bytes(words.cast("B")[3:11], "big"), (n * n).to_bytes(5, "little", signed=True))
digest.add(samples, records, text)
report("raw_bytes", digest)
