# Open files: reopened, positioned, cut to their saved size.
import codecs
import csv
import io
import os
import sys
import tempfile

folder = tempfile.mkdtemp(prefix="chkpt_heap_")


class Turned(codecs.IncrementalDecoder):
    """Of a codec of the script: bits turned, each word's first letter in upper case."""
    between = True

    def decode(self, data, final=False):
        text = ""
        for byte in data:
            char = chr(byte ^ 1)
            text += char.upper() if self.between else char
            self.between = char == " "
        return text

    def getstate(self):
        return b"", int(self.between)

    def setstate(self, state):
        self.between = bool(state[1])


class Turner(codecs.IncrementalEncoder):
    def encode(self, text, final=False):
        return turn(text)[0]


def turn(text, errors="strict"):
    return bytes(ord(char) ^ 1 for char in text), len(text)


codecs.register(lambda name: codecs.CodecInfo(turn, None, incrementalencoder=Turner, incrementaldecoder=Turned,
                                              name="turned") if name == "turned" else None)


def path(name):
    return os.path.join(folder, name)


with open(path("lines"), "w") as f:
    f.write("".join(f"line {i} ü\n" for i in range(3000)))
with open(path("crlf"), "wb") as f:
    f.write(b"".join(b"row %d\r\n" % i for i in range(3000)))
with open(path("raw"), "wb") as f:
    f.write(bytes(range(256)) * 10)
with open(path("table"), "w", newline="") as f:
    csv.writer(f).writerows([[i, i * i] for i in range(2000)])

log = open(path("log"), "a")
log.write("one\n")
written = open(path("written"), "w", encoding="latin-1", errors="replace", newline="\r\n")
written.write("first\n")
exclusive = open(path("exclusive"), "x")
exclusive.write("x")
shifted = open(path("shifted"), "w", encoding="iso2022_jp")
shifted.write("日本 ")
both = open(path("both"), "w+b")
both.write(b"0123456789")
both.seek(4)
update = open(path("raw"), "r+b")
update.seek(100)
reading = open(path("lines"))
reading.read(5)
iterating, crlf, table_file = open(path("lines")), open(path("crlf")), open(path("table"), newline="")
for _ in range(1234):
    last_line, last_crlf = next(iterating), next(crlf)
wide = {}
for encoding in ("utf-16", "utf-8-sig", "shift_jis", "iso2022_jp", "utf-32-be"):
    with open(path(encoding), "w", encoding=encoding) as f:
        f.write("".join(f"行 {i}\n" for i in range(3000)))
    wide[encoding] = open(path(encoding), encoding=encoding)
    for _ in range(1111):
        next(wide[encoding])
table = csv.reader(table_file)
for _ in range(777):
    last_row = next(table)
with open(path("split"), "w") as f:
    f.write("a\n" + "b" * (io.DEFAULT_BUFFER_SIZE - 4) + "\nü\n")  # the decoder is left with half of the ü
split = open(path("split"))
next(split)
newlines = [file.newlines for file in (iterating, crlf, table_file, *wide.values())]
ended = open(path("lines"))
for _ in ended:
    pass
raw, unbuffered = open(path("raw"), "rb"), open(path("raw"), "rb", buffering=0)
raw.read(10)
unbuffered.seek(20)
closed = open(path("lines"))
closed.close()
devnull = open(os.devnull, "w")
wrapped = io.TextIOWrapper(open(path("lines"), "rb"), encoding="utf-8")
wrapped.readline()
with open(path("turned"), "wb") as f:
    f.write(turn("two words of three\n" * 900)[0])
turned, turning = open(path("turned"), encoding="turned"), open(path("turning"), "w", encoding="turned")
turned.read(14)
turning.write("one ")
same = [log, log]
appended_twice = open(path("log"), "a")
temp = tempfile.NamedTemporaryFile("w+", dir=folder, delete=False)
temp.write("temp")
out, err_buffer = sys.stdout, sys.stderr.buffer
line_buffered = open(path("lb"), "w", buffering=1)
ran = []


# Attributes that lead back to the file, of each layer, and of closed ones.
own = open(path("own"), "w")
own.itself, own.buffer.me, own.buffer.raw.number = own, own.buffer, 5
closed_files = [open(path("lines")), open(path("raw"), "rb", buffering=0), io.StringIO()]
for closed in closed_files:
    closed.me = closed
    closed.close()


about_itself = open("/proc/self/status")
first_line = about_itself.readline()


def check():
    ran.append(1)
    assert os.readlink(f"/proc/self/fd/{about_itself.fileno()}") == f"/proc/{os.getpid()}/status"
    assert about_itself.tell() == len(first_line)
    assert own.itself is own and own.buffer.me is own.buffer and own.buffer.raw.number == 5
    assert own.mode == "w" and own.name == path("own") and not own.closed
    assert all(closed.closed and closed.me is closed for closed in closed_files)
    if len(ran) < 3:
        assert [f.newlines for f in (iterating, crlf, table_file, *wide.values())] == newlines, newlines
    if len(ran) == 2:
        # After the save: the script goes on and writes more, which a resume must take back.
        log.write("two\n")
        log.flush()
        written.write("more\n")
        written.flush()
        both.write(b"ZZZZZZZZZZZZ")
        both.flush()
        assert next(iterating) == "line 1234 ü\n" and next(crlf) == "row 1234\n" and next(table)[0] == "777"
        return
    if len(ran) == 1:
        return
    assert os.path.getsize(path("log")) == 4, os.path.getsize(path("log"))
    log.write("three\n")
    log.flush()
    appended_twice.write("four\n")
    appended_twice.flush()
    assert open(path("log")).read() == "one\nthree\nfour\n" and same[0] is same[1] is log
    written.write("é\n")
    written.close()
    assert open(path("written"), "rb").read() == b"first\r\n\xe9\r\n" and written.errors == "replace"
    shifted.write("x")
    shifted.close()
    assert open(path("shifted"), "rb").read() == "日本 x".encode("iso2022_jp")
    for encoding, file in wide.items():
        assert "".join(file) == "".join(f"行 {i}\n" for i in range(1111, 3000)), encoding
    assert turned.readline() == "Three\n" and sum(line == "two Words Of Three\n" for line in turned) == 899
    turning.write("two")
    turning.close()
    assert open(path("turning"), "rb").read() == turn("one two")[0] and turning.encoding == "turned"
    assert exclusive.buffer.raw.mode == "xb"
    exclusive.write("y")
    exclusive.close()
    assert open(path("exclusive")).read() == "xy"
    assert both.read() == b"456789" and update.read(1) == bytes([100]) and both.mode == "rb+"
    update.seek(100)
    assert reading.readline() == "0 ü\n" and reading.mode == "r" and reading.name == path("lines")
    assert next(iterating) == "line 1234 ü\n" and sum(1 for _ in iterating) == 3000 - 1235
    assert [line[-2:] for line in split] == ["b\n", "ü\n"] and split.newlines == "\n"
    assert next(crlf) == "row 1234\n" and next(table) == ["777", str(777 * 777)] and table.line_num == 778
    assert ended.read() == "" and raw.read(1) == b"\x0a" and unbuffered.read(1) == b"\x14"
    assert isinstance(unbuffered, io.FileIO) and isinstance(raw, io.BufferedReader)
    assert closed.closed and closed.name == path("lines") and devnull.write("x") == 1
    assert wrapped.readline() == "line 1 ü\n" and temp.file.writable()
    temp.seek(0)
    assert temp.read() == "temp" and line_buffered.line_buffering
    assert out is sys.stdout is sys.__stdout__ and err_buffer is sys.stderr.buffer
    import shutil

    shutil.rmtree(folder)
