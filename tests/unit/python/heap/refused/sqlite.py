# `__main__.connection -> <sqlite3.Connection>`
import sqlite3

connection = sqlite3.connect(":memory:")


def check():
    connection.execute("select 1")
