# Buffers and text layers above streams of the script: these are asked for nothing while they are saved or loaded, and
# get what waits for them when it would have come without a snapshot.
import io
import os
import sys

calls, sunk = [], []


class Noted:
    def __getattribute__(self, name):
        if not name.startswith("__"):
            calls.append(name)
        return super().__getattribute__(name)


class Source(Noted, io.RawIOBase):
    data, at = b"one\r\ntwo\nthree\n" * 9, 0

    def readable(self):
        return True

    def readinto(self, memory):
        part = self.data[self.at:self.at + min(10, len(memory))]
        memory[:len(part)] = part
        self.at += len(part)
        return len(part)


class Sink(Noted, io.RawIOBase):
    closed = False

    def writable(self):
        return True

    def write(self, part):
        sunk.append(bytes(part))
        return len(part)


class Seekable(Source):
    def seekable(self):
        return True

    def writable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (self.at if whence == 1 else len(self.data) if whence == 2 else 0)
        return self.at

    def tell(self):
        return self.at

    def write(self, part):
        self.data = self.data[:self.at] + bytes(part) + self.data[self.at + len(part):]
        self.at += len(part)
        return len(part)


class Buffer(Noted, io.BufferedIOBase):
    def writable(self):
        return True

    def readable(self):
        return False

    def seekable(self):
        return False

    def write(self, part):
        sunk.append(bytes(part))
        return len(part)

    def flush(self):
        sunk.append("flush")


class Reader(io.BufferedReader):
    def readable(self):
        calls.append("readable")
        return super().readable()

    @property
    def closed(self):
        calls.append("closed")
        return super().closed


source, sink, both, itself = Source(), Sink(), Seekable(), Source()
reader, writer, mixed = io.BufferedReader(source, 64), io.BufferedWriter(sink, 64), io.BufferedRandom(both)
lines, words = io.TextIOWrapper(io.BufferedReader(Source()), "utf-8"), io.TextIOWrapper(Buffer(), "utf-16")
through = io.TextIOWrapper(io.BufferedWriter(Sink(), 64), "ascii", newline="\r\n")
pair = io.BufferedRWPair(Source(), Sink())
itself.above = io.TextIOWrapper(io.BufferedReader(itself))
itself.above.owner = itself
mine = Reader(open(__file__, "rb", buffering=0))
closed = io.BufferedReader(Source())
closed.close()
assert reader.read(5) == b"one\r\n" and mixed.read(3) == b"one" and mixed.write(b"TWO") == 3
writer.write(b"waiting"), words.write("w"), through.write("t\n"), pair.write(b"pair"), pair.read(1)
assert lines.readline() == "one\n" and next(lines) == "two\n" and itself.above.read(2) == "on"
first = mine.readline()
kept, written = list(calls), list(sunk)
stdout, sys.stdout = sys.stdout, Sink()
calls.clear()
here = os.getpid()


def check():
    assert calls == [] and sunk == written, calls
    if os.getpid() == here:
        return
    sys.stdout = stdout
    assert reader.read(4) == b"two\n" and reader.raw is source and lines.readline() == "three\n"
    assert lines.newlines == ("\n", "\r\n") and mine.readline().startswith(b"# get what") and mine.raw.name == __file__
    writer.flush(), words.write("x"), words.flush(), through.flush(), pair.flush()
    assert sunk[len(written):] == [b"waiting", "wx".encode("utf-16")[2:], "flush", b"t\r\n", b"pair"]
    mixed.flush()
    assert both.data.startswith(b"oneTWOwo\n") and pair.read(2) == b"ne" and closed.closed
    assert itself.above.read(2) == "e\n" and itself.above.owner is itself and itself.above.buffer.raw is itself
