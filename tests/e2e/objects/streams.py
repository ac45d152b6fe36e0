# SPDX-License-Identifier: BSD-3-Clause
"""Files and streams"""
import bz2
import codecs
import csv
import dbm.dumb
import fileinput
import gzip
import io
import json
import lzma
import mmap
import os
import pathlib
import shelve
import signal
import sqlite3
import struct
import tarfile
import tempfile
import time
import xml.etree.ElementTree
import zipfile
import zlib

LINES = [f"line {n} {n * n % 9973}\n" for n in range(3000)]
TEXT = "".join(LINES)
DATA = TEXT.encode()


def write(name, data=DATA):
    with open(name, "wb") as file:
        file.write(data)
    return name


def read(name):
    return zlib.crc32(pathlib.Path(name).read_bytes())


def text_reading():
    """text file, in the middle of `for line in file` | exact"""
    file = open(write("text_reading"))
    for line in file:
        if "1000" in line:
            break
    yield
    return next(file), len(file.read())


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


def gzip_reading():
    """gzip file being read | exact"""
    file = gzip.open(write("reading.gz", gzip.compress(DATA)), "rt")
    for _ in range(700):
        file.readline()
    yield
    return file.readline(), len(file.read())


def gzip_writing():
    """gzip file being written | exact"""
    file = gzip.GzipFile("writing.gz", "wb", mtime=0)
    file.write(DATA[:20000])
    yield
    file.write(DATA[20000:])
    file.close()
    return read("writing.gz"), gzip.decompress(open("writing.gz", "rb").read()) == DATA


def bz2_reading():
    """bz2 file being read | exact"""
    file = bz2.open(write("reading.bz2", bz2.compress(DATA)), "rt")
    for _ in range(700):
        file.readline()
    yield
    return file.readline(), len(file.read())


def bz2_writing():
    """bz2 file being written | refused | a bz2 or lzma stream that is being written"""
    file = bz2.open("writing.bz2", "wb")
    file.write(DATA[:20000])
    yield
    file.write(DATA[20000:])
    file.close()
    return read("writing.bz2")


def lzma_reading():
    """lzma file being read | exact"""
    file = lzma.open(write("reading.xz", lzma.compress(DATA)), "rt")
    for _ in range(700):
        file.readline()
    yield
    return file.readline(), len(file.read())


def lzma_writing():
    """lzma file being written | refused | a bz2 or lzma stream that is being written"""
    file = lzma.open("writing.xz", "wb")
    file.write(DATA[:20000])
    yield
    file.write(DATA[20000:])
    file.close()
    return read("writing.xz")


def zip_reading():
    """zipfile being read, also in the middle of a member | exact"""
    with zipfile.ZipFile("reading.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for n in range(3):
            made.writestr(zipfile.ZipInfo(f"m{n}"), DATA * (n + 1), zipfile.ZIP_DEFLATED)
    archive = zipfile.ZipFile("reading.zip")
    member = archive.open("m1")
    member.read(40000)
    yield
    rest = member.read()
    return len(rest), zlib.crc32(rest), archive.namelist(), len(archive.read("m2"))


def zip_writing():
    """zipfile being written, between members | exact"""
    archive = zipfile.ZipFile("writing.zip", "w", zipfile.ZIP_DEFLATED)
    archive.writestr(zipfile.ZipInfo("first"), DATA, zipfile.ZIP_DEFLATED)
    yield
    archive.writestr(zipfile.ZipInfo("second"), DATA, zipfile.ZIP_DEFLATED)
    archive.close()
    return read("writing.zip")


def zip_writing_member():
    """zipfile being written, in the middle of a compressed member | exact"""
    archive = zipfile.ZipFile("writing2.zip", "w", zipfile.ZIP_DEFLATED)
    info = zipfile.ZipInfo("first")
    info.compress_type = zipfile.ZIP_DEFLATED
    member = archive.open(info, "w")
    member.write(DATA)
    yield
    member.write(DATA)
    member.close()
    archive.close()
    return read("writing2.zip")


def closed_files():
    """files of all these kinds that have been closed | exact"""
    made = [gzip.open("closed.gz", "wt"), bz2.open("closed.bz2", "w"), lzma.open("closed.xz", "w"),
        open("closed.txt", "w"), io.TextIOWrapper(io.BufferedWriter(io.BytesIO())),
        zipfile.ZipFile("closed.zip", "w")]
    for one in made:
        one.close()
    again = gzip.open("closed.gz", "rt")
    again.close()
    yield
    return [one.closed for one in made[:-1]], again.closed, made[-1].fp, made[0].buffer.closed


def tar_reading():
    """tarfile being read, also compressed | exact"""
    for mode in ("w", "w:gz"):
        with tarfile.open("reading.tar" + mode[1:].replace(":", "."), mode) as made:
            for n in range(3):
                info = tarfile.TarInfo(f"m{n}")
                info.size = len(DATA)
                made.addfile(info, io.BytesIO(DATA))
    plain, packed = tarfile.open("reading.tar"), tarfile.open("reading.tar.gz")
    names = [plain.next().name, packed.next().name]
    member = plain.extractfile(plain.next())
    member.read(1000)
    yield
    return names, plain.next().name, packed.next().name, len(member.read()), packed.getnames()


def tar_writing():
    """tarfile being written | exact"""
    archive = tarfile.open("writing.tar", "w")
    for n in range(4):
        info = tarfile.TarInfo(f"m{n}")
        info.size = len(DATA)
        archive.addfile(info, io.BytesIO(DATA))
        if n == 1:
            yield
    archive.close()
    return read("writing.tar")


def zlib_decompressor():
    """zlib.decompressobj() | exact"""
    packed = zlib.compress(DATA)
    plain, limited = zlib.decompressobj(), zlib.decompressobj()
    first = plain.decompress(packed[:5000])
    limited.decompress(packed[:6000], 100)
    yield
    return len(first), zlib.crc32(plain.decompress(packed[5000:])), plain.eof, (
        limited.decompress(limited.unconsumed_tail, 50))


def zlib_compressor():
    """zlib.compressobj() | exact"""
    packer = zlib.compressobj(9)
    first = packer.compress(DATA[:30000])
    yield
    return zlib.crc32(first + packer.compress(DATA[30000:]) + packer.flush())


def bz2_objects():
    """bz2.BZ2Decompressor, bz2.BZ2Compressor | refused | a bz2 or lzma stream that is being written"""
    packer, unpacker = bz2.BZ2Compressor(), bz2.BZ2Decompressor()
    packed = bz2.compress(DATA)
    first, begin = packer.compress(DATA[:30000]), unpacker.decompress(packed[:4000], 100)
    yield
    return zlib.crc32(first + packer.compress(DATA[30000:]) + packer.flush()), begin, (
        unpacker.decompress(packed[4000:], 200))


def lzma_objects():
    """lzma.LZMADecompressor, lzma.LZMACompressor | refused | a bz2 or lzma stream that is being written"""
    packer, unpacker = lzma.LZMACompressor(), lzma.LZMADecompressor()
    packed = lzma.compress(DATA)
    first, begin = packer.compress(DATA[:30000]), unpacker.decompress(packed[:4000], 100)
    yield
    return zlib.crc32(first + packer.compress(DATA[30000:]) + packer.flush()), begin, (
        unpacker.decompress(packed[4000:], 200))


def csv_files():
    """csv readers and writers on files | exact"""
    reader = csv.reader(open(write("in.csv", b"a,b\n1,2\n\"x\ny\",3\n4,5\n"), newline=""))
    records = csv.DictReader(open("in.csv", newline=""))
    out = open("out.csv", "w", newline="")
    writer = csv.DictWriter(out, ["p", "q"])
    writer.writeheader()
    next(reader), next(reader), next(records)
    yield
    writer.writerow({"p": 1, "q": "2,3"})
    out.close()
    return list(reader), reader.line_num, list(records), read("out.csv")


def json_lines():
    """json: decoders, encoders and their iterators | exact"""
    encoder = json.JSONEncoder(indent=1, sort_keys=True)
    pieces = encoder.iterencode({"b": [1, 2, {"c": None}], "a": 1.5})
    first = [next(pieces) for _ in range(3)]
    decoder = json.JSONDecoder(parse_float=str)
    yield
    return first, list(pieces), decoder.decode("[1.50]")


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
    number, file = os.memfd_create("mine"), tempfile.TemporaryFile()
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


def sqlite_file():
    """sqlite3 connection to a file, cursors, rows | noted | total_changes begins anew"""
    data = sqlite3.connect("data.sqlite", detect_types=sqlite3.PARSE_DECLTYPES)
    data.row_factory = sqlite3.Row
    data.execute("pragma foreign_keys = 1")
    data.execute("create table t (a, b)")
    data.executemany("insert into t values (?, ?)", [(n, n * n) for n in range(100)])
    data.commit()
    cursor = data.execute("select a as x from t where a > 90")
    row, rest = cursor.fetchone(), cursor.fetchall()
    yield
    data.execute("insert into t values (-1, -1)")
    data.commit()
    return [tuple(row) for row in data.execute("select count(*), sum(b) from t")], row["x"], len(rest), (
        cursor.description, [*data.execute("pragma foreign_keys")][0][0])


def sqlite_transaction():
    """sqlite3 connection inside a transaction | refused | an sqlite3 connection inside a transaction"""
    data = sqlite3.connect("refused.sqlite")
    data.execute("create table t (a, b)")
    data.execute("insert into t values (1, 2)")
    yield
    data.commit()
    return list(data.execute("select * from t"))


def sqlite_query():
    """sqlite3 cursor in the middle of a query | refused | an sqlite3 cursor in the middle of a query"""
    data = sqlite3.connect(":memory:")
    cursor = data.execute("values (1), (2), (3)")
    next(cursor)
    yield
    return list(cursor)


def sqlite_functions():
    """sqlite3 connection with functions, collations or callbacks | refused | functions or collations of the script"""
    data = sqlite3.connect(":memory:")
    data.create_function("twice", 1, lambda x: 2 * x)
    yield
    return list(data.execute("select twice(4)"))


def sqlite_memory():
    """sqlite3 connection to `:memory:` | noted | total_changes begins anew"""
    data = sqlite3.connect(":memory:")
    data.execute("create table t (a, b)")
    data.executemany("insert into t values (?, ?)", [(n, n * n) for n in range(100)])
    data.commit()
    yield
    return list(data.execute("select count(*), sum(b) from t"))


def xml_parsing():
    """xml.etree: trees | exact"""
    tree = xml.etree.ElementTree.fromstring("<a><b x='1'/>text<c/></a>")
    yield
    return [e.tag for e in tree.iter()], xml.etree.ElementTree.tostring(tree)


def xml_iterating():
    """xml.etree: Element.iter() and itertext() half-way | exact"""
    nested = "<d>" * 12 + "deep" + "</d>" * 12
    root = xml.etree.ElementTree.fromstring(f"<a><b x='1'>first</b>text{nested}<c/>tail</a>")
    walk, texts, some, fresh, over = root.iter(), root.itertext(), root.iter("d"), root.iter(), root.iter("e")
    next(walk), next(texts), next(fresh), list(over)
    for i in range(11):
        next(some)
    fresh = root.iter()
    yield
    xml.etree.ElementTree.SubElement(root, "late")
    return [e.tag for e in walk], list(texts), len(list(some)), next(fresh) is root, list(over), len(list(fresh))


def xml_iterparse():
    """xml.etree.ElementTree.iterparse, XMLParser; xml.sax, pyexpat | refused | an XML parser"""
    parse = xml.etree.ElementTree.iterparse(io.BytesIO(b"<a><b/><c/></a>"))
    next(parse)
    yield
    return [e.tag for _, e in parse]


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


def shelf():
    """shelve and dbm: databases of dbm.ndbm or dbm.gnu that are open | refused | an open database of the module"""
    data = shelve.open("shelf")
    data["a"] = 1
    yield
    return data["a"]


def closed_shelf():
    """shelve and dbm: databases of dbm.dumb, and closed ones of every kind | exact"""
    with shelve.open("closed") as data, dbm.open("also closed", "c") as also:
        data["a"], also["b"] = [1], "two"
    plain, nested = dbm.dumb.open("plain", "c"), shelve.Shelf(dbm.dumb.open("nested", "c"), writeback=True)
    plain["x"], nested["list"] = "old", [1]
    yield
    plain["x"] = "longer than it was"
    nested["list"].append(2)
    plain.close()
    nested.close()
    found = [dict(opened) for opened in (dbm.dumb.open("plain", "r"), shelve.Shelf(dbm.dumb.open("nested", "r")))]
    for ended in (data, also):
        try:
            found.append(ended["a"])
        except Exception as error:
            found.append(str(error))
    with shelve.open("closed") as data:
        return found, dict(data)


def structs():
    """struct.Struct, iter_unpack() half-way | exact"""
    packing = struct.Struct("<ih")
    unpacking = packing.iter_unpack(packing.pack(1, 2) + packing.pack(3, 4))
    next(unpacking)
    yield
    return list(unpacking), packing.size
