# `__main__.connection -> <sqlite3.Connection>` at sqlite.py: an sqlite3 connection inside a transaction
import sqlite3

connection = sqlite3.connect(":memory:")
connection.execute("create table t (a)")
connection.execute("insert into t values (1)")


def check():
    connection.execute("select 1")
