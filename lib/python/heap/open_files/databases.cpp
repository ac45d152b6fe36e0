// SPDX-License-Identifier: BSD-3-Clause
// sqlite3 connections and cursors between transactions. A database in a file is opened again (what
// the run wrote to it later has been taken back by then, see files/); one in memory comes back with
// its contents. What a connection has that cannot be seen again is refused.
#include <Python.h>
#include <dlfcn.h>
#include <structmember.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/open_files/sqlite_functions.hpp"
#include "python/heap/open_files/sqlite_settings.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kUri = "file:";  // no path of a file begins so: they are absolute

// Settings of a connection, not of the database.
constexpr const char* kPragmas[] = {
    "foreign_keys",     "recursive_triggers", "synchronous",        "cache_size",
    "cache_spill",      "temp_store",         "busy_timeout",       "query_only",
    "read_uncommitted", "mmap_size",          "locking_mode",       "automatic_index",
    "secure_delete",    "trusted_schema",     "defer_foreign_keys", "ignore_check_constraints"};
constexpr const char* kAttributes[] = {"isolation_level", "row_factory", "text_factory"};
// From 3.12 on: whether each statement is a transaction of its own (as dbm.sqlite3 needs it).
constexpr const char* kTransactionMode = "autocommit";

// The texts that we ask for are str, whatever the script has made of its own.
class PlainTexts {
 public:
  explicit PlainTexts(PyObject* connection)
      : connection_(Ref::borrow(connection)), factory_(attr(connection, kName)) {
    ok(PyObject_GenericSetAttr(connection, text(kName).get(), raw(&PyUnicode_Type)));
  }
  ~PlainTexts() {
    const PendingException pending;
    const Ref name = Ref::steal(PyUnicode_FromString(kName));
    if (!name || PyObject_GenericSetAttr(connection_.get(), name.get(), factory_.get()) < 0)
      PyErr_Clear();
  }
  PlainTexts(const PlainTexts&) = delete;
  PlainTexts& operator=(const PlainTexts&) = delete;

 private:
  static constexpr const char* kName = "text_factory";
  Ref connection_, factory_;
};

// By a cursor of the library's own: the script's class may have other methods, and a row factory.
Ref rows(PyObject* connection, const std::string& sql) {
  const PlainTexts plain(connection);
  const Ref cursor = call(attr(import("sqlite3"), "Cursor"), connection);
  call_method(cursor, "execute", text(sql));
  return call_method(cursor, "fetchall");
}

Ref first_value(PyObject* connection, const std::string& sql) {
  const Ref found = rows(connection, sql);
  if (PyList_GET_SIZE(found.get()) == 0) return none();
  return Ref::borrow(item(PyList_GET_ITEM(found.get(), 0), 0));
}

Ref connect(const Ref& keywords, PyObject* path) {
  return call_with(attr(import("sqlite3"), "connect").get(), pack(path).get(), keywords.get());
}

// ---- the arguments of connect() that nothing shows: found where connections made with different
// ones differ

std::size_t find_field(const char* argument, const std::vector<int>& values) {
  std::vector<Ref> probes;
  for (const int value : values) {
    const Ref keywords = new_dict();
    put(keywords, argument, number(value));
    probes.push_back(connect(keywords, text(":memory:").get()));
  }
  const auto size = static_cast<std::size_t>(Py_TYPE(probes[0].get())->tp_basicsize);
  std::size_t found = 0;
  for (std::size_t at = sizeof(PyObject); at + sizeof(int) <= size && !found; at += sizeof(int)) {
    bool fits = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      int field = 0;
      std::memcpy(&field, reinterpret_cast<const char*>(probes[i].get()) + at, sizeof field);
      fits = fits && field == values[i];
    }
    if (fits) found = at;
  }
  for (const Ref& probe : probes) call_method(probe, "close");
  return found;
}

long long field(PyObject* connection, std::size_t offset) {
  if (offset == 0) refuse("sqlite3 connections of another kind");
  int value = 0;
  std::memcpy(&value, reinterpret_cast<const char*>(connection) + offset, sizeof value);
  return value;
}

long long detect_types_of(PyObject* connection) {
  static const std::size_t offset = find_field("detect_types", {0, 1, 2, 3});
  return field(connection, offset);
}
bool checks_thread(PyObject* connection) {
  static const std::size_t offset = find_field("check_same_thread", {1, 0, 1, 0, 0});
  return field(connection, offset) != 0;
}

// ---- what cannot be seen again

bool is_open(PyObject* connection) {
  const Ref answer = Ref::steal(PyObject_GetAttrString(connection, "total_changes"));
  if (!answer) PyErr_Clear();
  return static_cast<bool>(answer);
}

// Callables that it was given: functions for tracing, progress and authorization.
void refuse_callbacks(PyObject* connection) {
  const Ref row_factory = attr(connection, "row_factory"),
            text_factory = attr(connection, "text_factory");
  for (PyObject* referent : referents(connection))
    if (referent != raw(Py_TYPE(connection)) && !row_factory.is(referent) &&
        !text_factory.is(referent) && (PyFunction_Check(referent) || PyMethod_Check(referent)))
      refuse("an sqlite3 connection with a callback");
}

// Whether it can only read the file: opened with mode=ro or immutable, or without the right to
// write. False where the library is not found by its name, as one that is linked into the module.
bool is_read_only(PyObject* connection) {
  static const auto asked = [] {
    void* const library = ::dlopen("libsqlite3.so.0", RTLD_NOLOAD | RTLD_LAZY);
    void* const found = library ? ::dlsym(library, "sqlite3_db_readonly") : nullptr;
    return reinterpret_cast<int (*)(void*, const char*)>(found);
  }();
  if (!asked) return false;
  void* database = nullptr;  // the first member (CPython: Modules/_sqlite/connection.h)
  std::memcpy(&database, reinterpret_cast<const char*>(connection) + sizeof(PyObject),
              sizeof database);
  return database && asked(database, "main") == 1;
}

// As sqlite.org/uri.html wants it.
Ref read_only_uri(const std::string& path) {
  std::string uri = kUri;
  for (const char letter : path) {
    if (letter == '%' || letter == '?' || letter == '#') {
      uri += letter == '%' ? "%25" : letter == '?' ? "%3f" : "%23";
    } else {
      uri += letter;
    }
  }
  return text((uri + "?mode=ro").c_str());
}

// How many more the connection has than a new one and what it was given.
long long unseen(PyObject* connection, PyObject* fresh, const char* sql, long long given) {
  return integer(first_value(connection, sql).get()) - integer(first_value(fresh, sql).get()) -
         given;
}

// None unless the run has said whether LIKE minds the case: there is no asking for that, but SQLite
// puts two functions of its own in the place of those that there were.
Ref chosen_like(PyObject* connection, PyObject* fresh, long long unseen_functions) {
  constexpr const char* kLikes =
      "SELECT count(*) FROM pragma_function_list WHERE name = 'like' AND narg IN (2, 3)";
  constexpr long long kPut = 2;
  if (unseen_functions != kPut || unseen(connection, fresh, kLikes, 0) != kPut) return none();
  return boolean(integer(first_value(connection, "SELECT 'a' LIKE 'A'").get()) == 0);
}

// What chosen_like() finds.
Ref refuse_unseen(PyObject* connection, const Ref& fresh) {
  refuse_callbacks(connection);
  if (is_true(attr(connection, "in_transaction")))
    refuse("an sqlite3 connection inside a transaction");
  if (integer(first_value(connection,
                          "SELECT count(*) FROM pragma_database_list "
                          "WHERE name NOT IN ('main', 'temp')")
                  .get()) > 0)
    refuse("an sqlite3 connection with an attached database");
  if (integer(first_value(connection, "SELECT count(*) FROM sqlite_temp_master").get()) > 0)
    refuse("an sqlite3 connection with temporary tables");
  const GivenCounts given = given_counts(connection);
  const long long functions =
      unseen(connection, fresh.get(), "SELECT count(*) FROM pragma_function_list", given.functions);
  const long long collations = unseen(
      connection, fresh.get(), "SELECT count(*) FROM pragma_collation_list", given.collations);
  Ref like = chosen_like(connection, fresh.get(), functions);
  if ((functions != 0 && like.is(Py_None)) || collations != 0)
    refuse("an sqlite3 connection with functions or collations that Python has not seen");
  return like;
}

Ref pragmas_of(PyObject* connection) {
  const Ref values = new_list();
  for (const char* name : kPragmas)
    append(values, first_value(connection, std::string("PRAGMA ") + name));
  return values;
}

void set_pragmas(const Ref& connection, PyObject* values) {
  Py_ssize_t i = 0;
  for (const char* name : kPragmas) {
    PyObject* value = PyList_GetItem(values, i++);
    const Ref now = first_value(connection.get(), std::string("PRAGMA ") + name);
    if (value == Py_None || is_true(own(PyObject_RichCompare(now.get(), value, Py_EQ)))) continue;
    const Ref sql = own(PyUnicode_FromFormat("PRAGMA %s = %S", name, value));
    rows(connection.get(), utf8(sql.get()));
  }
}

// ---- connections

// (type, path, uri or None, contents or None, detect_types, check_same_thread, whether LIKE minds
// the case or None, pragmas)
Ref rebuild_connection(Args args) {
  const Ref keywords = new_dict();
  put(keywords, "factory", Ref::borrow(args[0]));
  put(keywords, "detect_types", Ref::borrow(args[3]));
  put(keywords, "check_same_thread", Ref::borrow(args[4]));
  if (args[1] != Py_None && begins_with(utf8(args[1]), kUri)) put(keywords, "uri", boolean(true));
  const Ref memory = text(":memory:");
  Ref made = connect(keywords, args[1] == Py_None ? memory.get() : args[1]);
  if (args[2] != Py_None) call_method(made, "deserialize", args[2]);
  set_pragmas(made, args[6]);
  if (args[5] != Py_None)
    rows(made.get(),
         args[5] == Py_True ? "PRAGMA case_sensitive_like = 1" : "PRAGMA case_sensitive_like = 0");
  return made;
}
const Rebuilder make_connection{"sqlite3.connection", guarded<rebuild_connection>};

// (attributes, functions, settings, last rowid); the settings are the last, for there may be small
// limits.
Ref fill_connection(Args args) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(item(args[1], 0), &position, &key, &value))
    ok(PyObject_SetAttr(args[0], key, value));
  give_functions(args[0], item(args[1], 1));
  constexpr Py_ssize_t kRowid = 3;  // not in older snapshots
  if (PyTuple_GET_SIZE(args[1]) > kRowid) set_last_rowid(args[0], integer(item(args[1], kRowid)));
  change_settings(args[0], item(args[1], 2));
  return none();
}
const Rebuilder set_connection{"sqlite3.connection.state", guarded<fill_connection>};

Ref rebuild_closed_connection(Args args) {
  Ref made = call(args[0], text(":memory:"));
  call_method(made, "close");
  return made;
}
const Rebuilder make_closed_connection{"sqlite3.closed", guarded<rebuild_closed_connection>};

// ---- cursors and rows

void put_member(PyObject* object, const char* name, PyObject* value) {
  PyObject* found = _PyType_Lookup(Py_TYPE(object), text(name).get());
  if (!found || Py_TYPE(found) != &PyMemberDescr_Type) broken("sqlite3 cursors have changed");
  const PyMemberDef& member = *reinterpret_cast<PyMemberDescrObject*>(found)->d_member;
  char* const place = reinterpret_cast<char*>(object) + member.offset;
  if (member.type == T_OBJECT || member.type == T_OBJECT_EX) {
    auto** slot = reinterpret_cast<PyObject**>(place);
    Py_XDECREF(std::exchange(*slot, Py_NewRef(value)));
  } else if (member.type == T_LONG) {
    *reinterpret_cast<long*>(place) = integer(value);
  } else if (member.type == T_INT) {
    *reinterpret_cast<int*>(place) = static_cast<int>(integer(value));
  } else {
    broken("sqlite3 cursors have changed");
  }
}

constexpr const char* kCursorMembers[] = {"description", "lastrowid", "rowcount", "arraysize",
                                          "row_factory"};

// (type, connection), then the members. Without a connection its __init__ has not been called.
Ref rebuild_cursor(Args args) {
  return args[1] == Py_None ? call_method(args[0], "__new__", args[0]) : call(args[0], args[1]);
}
const Rebuilder make_cursor{"sqlite3.cursor", guarded<rebuild_cursor>};
Ref fill_cursor(Args args) {
  Py_ssize_t i = 0;
  for (const char* name : kCursorMembers) put_member(args[0], name, item(args[1], i++));
  return none();
}
const Rebuilder set_cursor{"sqlite3.cursor.state", guarded<fill_cursor>};

// (type, values, description)
Ref rebuild_row(Args args) {
  const Ref connection = connect(new_dict(), text(":memory:").get());
  const Ref cursor = call_method(connection, "cursor");
  put_member(cursor.get(), "description", args[2]);
  Ref row = call(args[0], cursor, args[1]);
  call_method(connection, "close");
  return row;
}
const Rebuilder make_row{"sqlite3.row", guarded<rebuild_row>};

}  // namespace

Ref reduce_connection(Saver&, PyObject* connection, Rule& rule) {
  if (!is_open(connection)) return reduced(make_closed_connection, pack(rule.type));
  const Ref rowid = number(last_rowid(connection));
  const Ref fresh = connect(new_dict(), text(":memory:").get());
  const Ref settings = changed_settings(connection, fresh.get());
  const OrdinaryLimits roomy(connection, fresh.get(), settings.get());
  const Ref like = refuse_unseen(connection, fresh);
  call_method(fresh, "close");
  const Ref path =
      first_value(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'");
  // A file's path is absolute; one in memory that was filled from bytes has a name all the same.
  const bool in_file = PyUnicode_Check(path.get()) && utf8(path.get()).compare(0, 1, "/") == 0;
  if (!in_file && !attr_or_null(connection, "serialize"))
    refuse("an sqlite3 database in memory, which this Python cannot save");
  const Ref reopened = in_file && is_read_only(connection) ? read_only_uri(utf8(path.get())) : path;
  const bool empty = integer(first_value(connection, "PRAGMA page_count").get()) == 0;
  const Ref contents = in_file || empty ? none() : call_method(connection, "serialize");
  const Ref attributes = new_dict();
  for (const char* name : kAttributes) put(attributes, name, attr(connection, name));
  if (const Ref mode = attr_or_null(connection, kTransactionMode))
    put(attributes, kTransactionMode, mode);
  return reduced(
      make_connection,
      pack(rule.type, in_file ? reopened : none(), contents, number(detect_types_of(connection)),
           boolean(checks_thread(connection)), like, pragmas_of(connection)),
      pack(attributes, functions_given_to(connection), settings, rowid), set_connection);
}

Ref reduce_cursor(Saver&, PyObject* cursor, Rule& rule) {
  for (PyObject* referent : referents(cursor))
    if (std::strcmp(Py_TYPE(referent)->tp_name, "sqlite3.Statement") == 0)
      refuse("an sqlite3 cursor in the middle of a query");
  const Ref members = new_list();
  for (const char* name : kCursorMembers) append(members, attr(cursor, name));
  return reduced(make_cursor, pack(rule.type, attr(cursor, "connection")),
                 own(PyList_AsTuple(members.get())), set_cursor);
}

Ref reduce_row(Saver&, PyObject* row, Rule& rule) {
  const Ref values = own(PySequence_Tuple(row));
  for (PyObject* referent : referents(row))
    if (PyTuple_Check(referent) && PyTuple_GET_SIZE(referent) > 0 &&
        PyTuple_Check(PyTuple_GET_ITEM(referent, 0)) &&
        PyTuple_GET_SIZE(PyTuple_GET_ITEM(referent, 0)) == 7)
      return reduced(make_row, pack(rule.type, values, referent));
  refuse("an sqlite3.Row of another kind");
}

}  // namespace chkpt::heap
