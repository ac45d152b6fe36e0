# `__main__.view -> <memoryview>` at python_buffer.py: a memoryview of an object whose class has __buffer__
import sys

if sys.version_info < (3, 12):
    raise SystemExit("SKIP: __buffer__ is new in 3.12")


class Buffer:
    data = bytearray(b"data")

    def __buffer__(self, flags):
        return memoryview(self.data)


view = memoryview(Buffer())


def check():
    assert bytes(view) == b"data"
