# Connections of sqlite3 keep what a statement is: a transaction of its own, or part of one.
import os
import sqlite3
import sys
import tempfile

modes = {"legacy": sqlite3.connect(":memory:"), "none": sqlite3.connect(":memory:", isolation_level=None)}
within = {"legacy": True, "none": False}
if sys.version_info >= (3, 12):
    modes["each"], within["each"] = sqlite3.connect(":memory:", autocommit=True), False
    modes["changed"], within["changed"] = sqlite3.connect(":memory:"), False
    modes["changed"].autocommit = True
for connection in modes.values():
    connection.execute("create table t (a)")
    connection.commit()
folder = tempfile.mkdtemp(prefix="chkpt_heap_")
file = os.path.join(folder, "is it 100%?.db")
writable = sqlite3.connect(file)
writable.execute("create table t (a)")
reading = sqlite3.connect("file:" + file.replace("%", "%25").replace("?", "%3f") + "?mode=ro", uri=True)


def check():
    assert reading.execute("select count(*) from t").fetchone() == (0,)
    try:
        reading.execute("insert into t values (1)")
    except sqlite3.OperationalError as error:
        assert "readonly" in str(error)
    else:
        raise AssertionError("a connection for reading writes")
    reading.rollback()
    writable.execute("insert into t values (1)")
    writable.rollback()
    for name, connection in modes.items():
        connection.execute("insert into t values (1)")
        assert connection.in_transaction is within[name], name
        if sys.version_info >= (3, 12):
            assert connection.autocommit == (True if name in ("each", "changed") else -1), name
        connection.rollback()
        connection.execute("delete from t")
        connection.commit()
