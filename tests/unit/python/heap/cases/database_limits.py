# Connections of sqlite3 keep what setlimit() and setconfig() have said, also where a limit leaves no
# room for the questions that a save asks.
import os
import sqlite3
import tempfile

folder = tempfile.mkdtemp(prefix="chkpt_heap_")
short = sqlite3.connect(os.path.join(folder, "short.db"))
short.execute("create table t (a)")
short.commit()
short.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20)
limits = [getattr(sqlite3, name) for name in dir(sqlite3) if name.startswith("SQLITE_LIMIT_")]
tight = sqlite3.connect(":memory:", isolation_level=None)
tight.execute("create table t (a)")
for limit in limits:
    tight.setlimit(limit, 1)
given = sqlite3.connect(":memory:")
given.create_function("largest", -1, max)
given.setlimit(sqlite3.SQLITE_LIMIT_FUNCTION_ARG, 2)
ordinary = sqlite3.connect(":memory:")
known = [[one.getlimit(limit) for limit in limits] for one in (short, tight, given, ordinary)]
configured = None
if hasattr(ordinary, "setconfig"):
    configured = sqlite3.connect(":memory:")
    configured.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, not ordinary.getconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML))
    configured.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
    configured.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)


def fails(call, *arguments):
    try:
        call(*arguments)
    except sqlite3.Error as error:
        return str(error)
    raise AssertionError("a limit is not there any more")


def check():
    now = [[one.getlimit(limit) for limit in limits] for one in (short, tight, given, ordinary)]
    assert now == known
    assert short.execute("select * from t").fetchall() == []
    assert "too large" in fails(short.execute, "select a as aa from t")
    fails(tight.execute, "select 1")
    assert given.execute("select largest(1, 2)").fetchone() == (2,)
    assert "too many arguments" in fails(given.execute, "select largest(1, 2, 3)")
    if configured:
        for name, value in (("DEFENSIVE", True), ("ENABLE_VIEW", False), ("ENABLE_TRIGGER", True)):
            assert configured.getconfig(getattr(sqlite3, "SQLITE_DBCONFIG_" + name)) is value, name
        dqs = sqlite3.SQLITE_DBCONFIG_DQS_DML
        assert configured.getconfig(dqs) is not ordinary.getconfig(dqs)
