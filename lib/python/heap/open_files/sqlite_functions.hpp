// SPDX-License-Identifier: BSD-3-Clause
// Functions, aggregates and collations that Python code gives to sqlite3 connections. Python keeps
// them nowhere that shows; they are seen on their way into SQLite, whose calls the program exports.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// What the connection has been given and still has, in that order: a list of (method, arguments,
// keywords), such as ("create_function", ("twice", 1, f), {"deterministic": True}).
// Needs the GIL. Throws Raised.
Ref functions_given_to(PyObject* connection);
// How many of them are in SQLite's list of functions, and how many in that of collations.
struct GivenCounts {
  long long functions = 0, collations = 0;
};
GivenCounts given_counts(PyObject* connection);
// Gives a connection what functions_given_to() has told.
void give_functions(PyObject* connection, PyObject* given);

// What last_insert_rowid() says, which SQL cannot set. Nothing is set where the SQLite that Python
// is linked with has no such call.
long long last_rowid(PyObject* connection);
void set_last_rowid(PyObject* connection, long long rowid);

}  // namespace chkpt::heap
