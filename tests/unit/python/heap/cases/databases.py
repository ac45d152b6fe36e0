# Connections of sqlite3 keep what a statement is: a transaction of its own, or part of one.
import sqlite3
import sys

modes = {"legacy": sqlite3.connect(":memory:"), "none": sqlite3.connect(":memory:", isolation_level=None)}
within = {"legacy": True, "none": False}
if sys.version_info >= (3, 12):
    modes["each"], within["each"] = sqlite3.connect(":memory:", autocommit=True), False
    modes["changed"], within["changed"] = sqlite3.connect(":memory:"), False
    modes["changed"].autocommit = True
for connection in modes.values():
    connection.execute("create table t (a)")
    connection.commit()


def check():
    for name, connection in modes.items():
        connection.execute("insert into t values (1)")
        assert connection.in_transaction is within[name], name
        if sys.version_info >= (3, 12):
            assert connection.autocommit == (True if name in ("each", "changed") else -1), name
        connection.rollback()
        connection.execute("delete from t")
        connection.commit()
