# SPDX-License-Identifier: BSD-3-Clause
"""Files and streams"""
import codecs
import fileinput
import io
import mmap
import os
import pathlib
import pickle
import signal
import tempfile
import time
import zlib

from inputs import DATA, TEXT, read, write


def text_reading():
    """text file, in the middle of `for line in file` | exact"""
    file = open(write("text_reading"))
    for line in file:
        if "1000" in line:
            break
    yield
    return next(file), len(file.read())


def text_newlines():
    """text file, the kinds of newlines that it has met | exact"""
    with open("text_newlines", "w", newline="") as mixed:
        mixed.write("a\r\nb\rc\nd")
    file = open("text_newlines")
    first = file.readline()
    yield
    return first, file.newlines, file.read()


def text_writing():
    """text file being written or appended to | exact"""
    file, more = open("text_writing", "w"), open(write("text_appending"), "a")
    file.write(TEXT[:10000])
    more.write("more")
    yield
    file.write("end")
    more.write("end")
    file.close()
    more.close()
    return read("text_writing"), read("text_appending")


def text_updating():
    """text file opened with `r+` or `w+` | exact"""
    file = open(write("text_updating"), "r+")
    file.readline()
    yield
    file.seek(20)
    file.write("XYZ")
    file.seek(0)
    return file.read(40)


def buffered_kinds():
    """binary files, buffered or raw, in every mode | exact"""
    reader, both = open(write("b1"), "rb"), open(write("b2"), "r+b")
    raw, new = open(write("b3"), "rb", buffering=0), open("b4", "x+b")
    reader.read(1000), both.read(10), raw.read(7), new.write(b"abc")
    both.write(b"overwritten")
    reader.peek()
    yield
    new.seek(0)
    both.write(b"!")
    return reader.read(9), both.read(5), raw.read(5), new.read(), both.tell(), reader.tell()


def buffered_pair():
    """io.BufferedRWPair over files | exact"""
    pair = io.BufferedRWPair(io.FileIO(write("pair1"), "r"), io.FileIO("pair2", "w"))
    pair.read(100)
    pair.write(b"abc")
    yield
    pair.write(b"def")
    pair.flush()
    return pair.read(10), read("pair2")


class Counting(io.TextIOWrapper):
    written = 0

    def write(self, text):
        self.written += 1
        return super().write(text)


class Named(io.BufferedReader):
    pass


class Plain(io.BufferedWriter):
    pass


def derived_layers():
    """classes of the script that are derived from TextIOWrapper, BufferedReader, BufferedWriter | exact"""
    out, reading = Counting(open("derived1", "wb"), "utf-8"), Counting(open(write("derived2"), "rb"), "utf-8")
    named, above = Named(io.FileIO(write("derived3"))), Counting(Named(io.FileIO(write("derived4"))), "utf-8")
    plain, memory = Plain(io.FileIO("derived5", "w")), Counting(io.BytesIO(), "latin-1")
    named.extra = 5
    for file in out, memory:
        file.write("abc")
    plain.write(b"abc")
    reading.readline(), above.readline(), named.read(7)
    yield
    for file in out, memory:
        file.write("def")
        file.flush()
    plain.write(b"def")
    plain.flush()
    return (reading.read(), above.read(), named.read(20), named.extra, out.written,
            memory.buffer.getvalue(), read("derived1"), read("derived5"), reading.tell(), type(named).__name__)


def memory_streams():
    """io.StringIO, io.BytesIO, and layers above | exact"""
    text, data = io.StringIO(TEXT), io.BytesIO(DATA)
    above = io.TextIOWrapper(io.BufferedReader(io.BytesIO(DATA)))
    text.readline(), data.read(11), above.readline()
    yield
    return text.readline(), data.readline(), above.readline()


def memory_exported():
    """io.BytesIO with getbuffer() | exact"""
    data = io.BytesIO(b"0123456789")
    view = data.getbuffer()
    view[2:4] = b"xx"
    yield
    view[0:1] = b"z"
    try:
        data.write(b"0123456789abcdef")
    except BufferError as error:
        refused = str(error)
    return bytes(view), data.getvalue(), refused


def codecs_streams():
    """codecs.open(), StreamReader and StreamWriter | exact"""
    reader = codecs.open(write("codecs1", TEXT.encode("utf-16")), "r", "utf-16")
    writer = codecs.open("codecs2", "w", "utf-16")
    reader.readline()
    writer.write("first")
    yield
    writer.write("second")
    writer.close()
    return reader.readline(), read("codecs2")


def incremental_codecs():
    """codecs incremental decoders and encoders | exact"""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoder = codecs.getincrementalencoder("utf-16")()
    newlines = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), True)
    asian = codecs.getincrementaldecoder("shift_jis")()
    first = decoder.decode("é".encode()[:1]), encoder.encode("a"), newlines.decode(b"a\r"), (
        asian.decode("あ".encode("shift_jis")[:1]))
    yield
    return first, decoder.decode("é".encode()[1:]), encoder.encode("b"), newlines.decode(b"\nb"), (
        asian.decode("あ".encode("shift_jis")[1:]))


def mmap_file():
    """mmap of a file, with ACCESS_WRITE, ACCESS_READ or ACCESS_COPY | exact"""
    with open(write("mapped"), "r+b") as file:
        shared, seen = mmap.mmap(file.fileno(), 0), mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        copy = mmap.mmap(file.fileno(), 8192, access=mmap.ACCESS_COPY, offset=4096)
    shared[10:14] = b"WXYZ"
    shared.seek(8)
    copy[0:3] = b"own"
    view = memoryview(shared)[12:20]
    yield
    view[0:1] = b"!"
    return shared.read(10), seen[8:16], copy[:8], view.tobytes(), read("mapped"), len(copy)


def mmap_anonymous():
    """anonymous mmap | exact"""
    private, shared = mmap.mmap(-1, 8192, flags=mmap.MAP_PRIVATE), mmap.mmap(-1, 8192)
    private.write(b"private")
    shared.write(b"shared")
    yield
    private.write(b"!")
    return private[:10], shared[:10], shared.tell()


def mmap_unreadable():
    """mmap with ACCESS_COPY beyond the end of its file, which has been cut | refused | cannot be read"""
    with open(write("cut"), "r+b") as file:
        copy = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        file.truncate(10)
    yield
    return copy[:12]


def named_temporary():
    """tempfile.NamedTemporaryFile, TemporaryDirectory | exact"""
    file, folder = tempfile.NamedTemporaryFile(dir="."), tempfile.TemporaryDirectory(dir=".")
    file.write(b"abc")
    write(folder.name + "/inside")
    yield
    file.write(b"def")
    file.seek(0)
    found = file.read(), os.listdir(folder.name)
    name, there = file.name, folder.name
    file.close()
    folder.cleanup()
    return found, os.path.exists(name), os.path.exists(there)


def unnamed_temporary():
    """tempfile.TemporaryFile, a SpooledTemporaryFile on disk, and files that were removed while open | exact"""
    data, words = tempfile.TemporaryFile(), tempfile.TemporaryFile("w+", dir=".", encoding="utf-16")
    spooled = tempfile.SpooledTemporaryFile(max_size=10, mode="w+")
    removed, again = open(write("removed"), "r+b"), open("removed", "rb", buffering=0)
    writing = open(write("replaced"), "wb", buffering=0)
    writing.write(b"first")
    data.write(DATA)
    data.seek(10)
    words.write(TEXT)
    spooled.write("spooled " * 9)
    os.remove("removed")
    os.replace(write("other", b"other"), "replaced")
    removed.seek(5)
    again.seek(7)
    yield
    removed.write(b"xyz")  # and the other reads it
    removed.flush()
    spooled.write("end")
    writing.write(b"second")
    for file in (words, spooled):
        file.seek(3 if file is spooled else 0)
    with open(f"/proc/self/fd/{writing.fileno()}", "rb") as what:
        written = what.read()
    return (data.read(5), zlib.crc32(words.read().encode()), spooled.read(), again.read(5), removed.read(4),
            written, data.mode, os.fstat(data.fileno()).st_nlink, read("replaced"), os.path.exists("removed"),
            zlib.crc32(data.read()), os.fstat(removed.fileno()).st_ino == os.fstat(again.fileno()).st_ino)


def unnamed_mapping():
    """mmap and os.memfd_create of files without a name | exact"""
    number, file = os.memfd_create("mine", 0), tempfile.TemporaryFile()  # which programs inherit
    os.write(number, b"memory")
    os.lseek(number, 2, os.SEEK_SET)
    file.write(b"0123456789" * 1000)
    file.flush()
    shared, copy = mmap.mmap(file.fileno(), 100), mmap.mmap(file.fileno(), 100, access=mmap.ACCESS_COPY)
    copy[:3] = b"abc"
    yield
    shared[2:4] = b"xy"
    file.seek(0)
    found = os.read(number, 9), file.read(5), copy[:5], len(file.read()), os.readlink(f"/proc/self/fd/{number}")
    os.close(number)
    return found


def removed_but_shared():
    """a file without a name that another process has open too | refused | has it open too"""
    file = tempfile.TemporaryFile()
    child = os.fork()
    if not child:
        time.sleep(100)
    yield
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return file.read()


def spooled_temporary():
    """tempfile.SpooledTemporaryFile | exact"""
    file = tempfile.SpooledTemporaryFile(max_size=10)
    file.write(b"abc")
    yield
    file.write(b"def" * 9)
    file.seek(0)
    return file.read()


def fileinput_reading():
    """fileinput | exact"""
    lines = fileinput.FileInput([write("f1", b"a\nb\n"), write("f2", b"c\nd\n")])
    next(lines)
    yield
    return lines.filelineno(), list(lines)


def scandir():
    """os.scandir() half-way | refused | a directory that is being listed (os.scandir)"""
    os.makedirs("scanned/x")
    os.makedirs("scanned/y")
    entries = os.scandir("scanned")
    next(entries)
    yield
    return len(list(entries))


def walks():
    """os.walk(), pathlib and glob iterators half-way | exact"""
    for name in ("walked/a/b", "walked/c"):
        os.makedirs(name)
    walk, found = os.walk("walked"), pathlib.Path("walked").rglob("*")
    import glob
    globbed = glob.iglob("walked/**", recursive=True)
    next(walk), next(found), next(globbed)
    yield
    return sorted(w[0] for w in walk), len(list(found)), len(list(globbed))


def pickling():
    """pickle.Pickler and Unpickler | refused | a pickle.Pickler or Unpickler, which knows what it has met"""
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dump("one")
    yield
    pickler.dump("one")
    return file.getvalue()
