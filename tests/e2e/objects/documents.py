# SPDX-License-Identifier: BSD-3-Clause
"""Documents and databases"""
import csv
import dbm.dumb
import io
import json
import shelve
import sqlite3
import struct
import xml.etree.ElementTree

from inputs import read, write


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
    """json: decoders, encoders and their iterators, also those in C | exact"""
    encoder = json.JSONEncoder(indent=1, sort_keys=True)
    pieces = encoder.iterencode({"b": [1, 2, {"c": None}], "a": 1.5})
    first = [next(pieces) for _ in range(3)]
    decoder = json.JSONDecoder(parse_float=str)
    strict = json.JSONEncoder(allow_nan=False)
    strict.compiled = json.encoder.c_make_encoder(
        {}, strict.default, json.encoder.encode_basestring, None, ": ", ";", True, False, strict.allow_nan)
    yield
    try:
        refused = strict.compiled([float("nan")], 0)
    except ValueError:
        refused = strict.compiled({"b": "\u00e9", "a": [1, None]}, 0)
    return first, list(pieces), decoder.decode("[1.50]"), refused, strict.compiled.default.__self__ is strict


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


def xml_builder():
    """xml.etree.ElementTree.TreeBuilder | refused | an XML parser"""
    builder = xml.etree.ElementTree.TreeBuilder()
    yield
    builder.start("a", {})
    return builder.end("a").tag


def structs():
    """struct.Struct, iter_unpack() half-way | exact"""
    packing = struct.Struct("<ih")
    unpacking = packing.iter_unpack(packing.pack(1, 2) + packing.pack(3, 4))
    next(unpacking)
    yield
    return list(unpacking), packing.size


def sqlite_file():
    """sqlite3 connection to a file, cursors, rows | noted | `total_changes` and `changes()` begin anew"""
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


def sqlite_memory():
    """sqlite3 connection to `:memory:` | noted | `total_changes` and `changes()` begin anew"""
    data = sqlite3.connect(":memory:")
    data.execute("create table t (a, b)")
    data.executemany("insert into t values (?, ?)", [(n, n * n) for n in range(100)])
    data.commit()
    yield
    return list(data.execute("select count(*), sum(b), last_insert_rowid() from t"))


def sqlite_factories():
    """sqlite3 connection that makes rows and texts in the script's way | noted | `total_changes` and `changes()` begin anew"""
    data = sqlite3.connect("factories.sqlite")
    data.text_factory, data.row_factory = bytes, lambda cursor, row: [cursor.description[0][0], *row]
    data.execute("create table t (a)")
    data.execute("insert into t values ('é')")
    data.commit()
    yield
    data.execute("insert into t values (2)")
    data.commit()
    return list(data.execute("select * from t")), [*sqlite3.connect("factories.sqlite").execute("select * from t")]


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


def sqlite_blob():
    """sqlite3.Blob | refused | an sqlite3.Blob that is open; a snapshot is possible when it is closed and gone"""
    data = sqlite3.connect(":memory:", isolation_level=None)
    data.execute("create table t (a blob)")
    data.execute("insert into t values (zeroblob(8))")
    blob = data.blobopen("t", "a", 1, readonly=True)
    yield
    return blob.read()


class Total:
    def __init__(self):
        self.sum = 0

    def step(self, value):
        self.sum += value

    def inverse(self, value):
        self.sum -= value

    def value(self):
        return self.sum

    finalize = value


def sqlite_functions():
    """sqlite3 connection with functions, aggregates and collations | noted | `total_changes` and `changes()` begin anew"""
    data, calls = sqlite3.connect(":memory:"), []
    data.create_function("twice", 1, lambda x: "replaced")
    data.create_function("twice", 1, lambda x: calls.append(x) or 2 * x, deterministic=True)
    data.create_function("abs", 1, lambda x: "another abs")
    data.create_function("removed", 0, lambda: 1)
    data.create_function("removed", 0, None)
    data.create_aggregate("total2", 1, Total)
    data.create_collation("reverse", lambda a, b: (a < b) - (a > b))
    data.execute("pragma case_sensitive_like = true")
    data.execute("create table t(a, b)")
    data.executemany("insert into t values (?, ?)", zip(range(5), "axbyc"))
    data.commit()
    yield
    found = list(data.execute("select b, twice(a), abs(a), b like 'X' from t order by b collate reverse"))
    sums = "total2(a) over (order by a rows 1 preceding)" if not hasattr(data, "create_window_function") else "1"
    if sums == "1":
        data.create_window_function("window2", 1, Total)
        sums = "window2(a) over (order by a rows 1 preceding)"
    return found, calls, data.execute("select total2(a) from t").fetchall(), data.execute(f"select {sums} from t").fetchall()


def sqlite_callbacks():
    """sqlite3 connection with callbacks | refused | an sqlite3 connection with a callback"""
    data = sqlite3.connect(":memory:")
    data.set_trace_callback(lambda text: None)
    yield
    return list(data.execute("select 4"))


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
