# SPDX-License-Identifier: BSD-3-Clause
"""Archives and compressed files"""
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

from inputs import DATA, read, write


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


def bz2_objects():
    """bz2.BZ2Decompressor, bz2.BZ2Compressor | refused | a bz2 or lzma stream that is being written"""
    packer, unpacker = bz2.BZ2Compressor(), bz2.BZ2Decompressor()
    packed = bz2.compress(DATA)
    first, begin = packer.compress(DATA[:30000]), unpacker.decompress(packed[:4000], 100)
    yield
    return zlib.crc32(first + packer.compress(DATA[30000:]) + packer.flush()), begin, (
        unpacker.decompress(packed[4000:], 200))


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


def lzma_objects():
    """lzma.LZMADecompressor, lzma.LZMACompressor | refused | a bz2 or lzma stream that is being written"""
    packer, unpacker = lzma.LZMACompressor(), lzma.LZMADecompressor()
    packed = lzma.compress(DATA)
    first, begin = packer.compress(DATA[:30000]), unpacker.decompress(packed[:4000], 100)
    yield
    return zlib.crc32(first + packer.compress(DATA[30000:]) + packer.flush()), begin, (
        unpacker.decompress(packed[4000:], 200))


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
