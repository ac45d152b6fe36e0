// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/sqlite_functions.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include "files/exported_call.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// As sqlite3.h declares them; the library is loaded by the script's Python only.
struct sqlite3;
using Call = void (*)(void* context, int count, void** values);
using End = void (*)(void* context);
using Destroy = void (*)(void* argument);
using Compare = int (*)(void*, int, const void*, int, const void*);
using CreateFunction = int (*)(sqlite3*, const char*, int, int, void*, Call, Call, End, Destroy);
using CreateWindow = int (*)(sqlite3*, const char*, int, int, void*, Call, End, End, Call, Destroy);
using CreateCollation = int (*)(sqlite3*, const char*, int, void*, Compare, Destroy);
constexpr int kDeterministic = 0x800;
constexpr int kMisuse = 21;

enum class Kind { kFunction, kAggregate, kWindow, kCollation };

struct Given {
  sqlite3* database;
  Kind kind;
  std::string name;
  int count, flags;  // of arguments; as SQLite knows them
  void* argument;    // Python's, whose first member is the callable
  Destroy destroy;
};

// SQLite drops what it was given in whatever thread closes the connection, without the GIL.
struct Table {
  std::mutex mutex;
  std::vector<Given> given;
};
Table& table() {
  static auto* const all = new Table;  // connections may be closed at the very end
  return *all;
}

// The argument is dropped when a function is replaced, removed, refused, or its connection closed.
void forget(void* argument) {
  Destroy destroy = nullptr;
  {
    const std::lock_guard<std::mutex> lock(table().mutex);
    std::vector<Given>& all = table().given;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Given& one) { return one.argument == argument; });
    if (found == all.end()) return;
    destroy = found->destroy;
    all.erase(found);
  }
  destroy(argument);
}

// Only of Python's own module is it known what its arguments are.
bool is_of_python(const void* argument, Destroy destroy) {
  Dl_info info{};
  if (!argument || !destroy || !::dladdr(reinterpret_cast<void*>(destroy), &info)) return false;
  return info.dli_fname && std::strstr(info.dli_fname, "_sqlite3") != nullptr;
}

// What SQLite is to call for it in the end.
Destroy note(Given given) {
  if (!is_of_python(given.argument, given.destroy)) return given.destroy;
  const std::lock_guard<std::mutex> lock(table().mutex);
  table().given.push_back(std::move(given));
  return forget;
}

// The function that the caller is linked with: there may be more libraries that have one.
template <class Function>
Function linked_with(const void* caller, const char* name) {
  Dl_info info{};
  void* const library = ::dladdr(caller, &info) && info.dli_fname
                            ? ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD)
                            : nullptr;
  void* const found = library ? ::dlsym(library, name) : ::dlsym(RTLD_NEXT, name);
  if (library) ::dlclose(library);
  return reinterpret_cast<Function>(found);
}

// As SQLite does.
int refused(void* argument, Destroy destroy) {
  if (destroy) destroy(argument);
  return kMisuse;
}

// `PyObject_HEAD sqlite3* db;` in every version.
sqlite3* database_of(PyObject* connection) { return *reinterpret_cast<sqlite3**>(connection + 1); }

std::vector<Given> all_of(PyObject* connection) {
  const std::lock_guard<std::mutex> lock(table().mutex);
  std::vector<Given> all;
  for (const Given& one : table().given)
    if (one.database == database_of(connection)) all.push_back(one);
  return all;
}

Ref description(const Given& one) {
  PyObject* callable = *static_cast<PyObject**>(one.argument);
  const Ref keywords = new_dict();
  if (one.kind == Kind::kCollation)
    return pack(text("create_collation"), pack(text(one.name), callable), keywords);
  if (one.flags & kDeterministic) put(keywords, "deterministic", boolean(true));
  const char* method = one.kind == Kind::kFunction    ? "create_function"
                       : one.kind == Kind::kAggregate ? "create_aggregate"
                                                      : "create_window_function";
  return pack(text(method), pack(text(one.name), number(one.count), callable), keywords);
}

}  // namespace

namespace {

template <class Function>
Function call_of_sqlite(const char* name) {
  return linked_with<Function>(PyModule_GetDef(import("_sqlite3").get()), name);
}

}  // namespace

long long last_rowid(PyObject* connection) {
  const auto get = call_of_sqlite<long long (*)(sqlite3*)>("sqlite3_last_insert_rowid");
  return get ? get(database_of(connection)) : 0;
}

void set_last_rowid(PyObject* connection, long long rowid) {
  const auto set = call_of_sqlite<void (*)(sqlite3*, long long)>("sqlite3_set_last_insert_rowid");
  if (set) set(database_of(connection), rowid);
}

Ref functions_given_to(PyObject* connection) {
  const Ref given = new_list();
  for (const Given& one : all_of(connection)) append(given, description(one));
  return given;
}

GivenCounts given_counts(PyObject* connection) {
  GivenCounts counts;
  for (const Given& one : all_of(connection))
    ++(one.kind == Kind::kCollation ? counts.collations : counts.functions);
  return counts;
}

// By the library's own methods: the script's class may have others.
void give_functions(PyObject* connection, PyObject* given) {
  const Ref type = attr(import("sqlite3"), "Connection");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(given); ++i) {
    PyObject* one = PyList_GET_ITEM(given, i);
    const Ref method = own(PyObject_GetAttr(type.get(), item(one, 0)));
    const Ref arguments = own(PySequence_Concat(pack(connection).get(), item(one, 1)));
    call_with(method.get(), arguments.get(), item(one, 2));
  }
}

}  // namespace chkpt::heap

// ---- the exported calls

using namespace chkpt::heap;  // NOLINT

CHKPT_CALL int sqlite3_create_function_v2(sqlite3* database, const char* name, int count, int flags,
                                          void* argument, Call function, Call step, End end,
                                          Destroy destroy) {
  const auto real = linked_with<CreateFunction>(__builtin_return_address(0), __func__);
  if (!real) return refused(argument, destroy);
  if (name && (function || step))  // neither: it is removed
    destroy = note({database, function ? Kind::kFunction : Kind::kAggregate, name, count, flags,
                    argument, destroy});
  return real(database, name, count, flags, argument, function, step, end, destroy);
}

CHKPT_CALL int sqlite3_create_window_function(sqlite3* database, const char* name, int count,
                                              int flags, void* argument, Call step, End end,
                                              End value, Call inverse, Destroy destroy) {
  const auto real = linked_with<CreateWindow>(__builtin_return_address(0), __func__);
  if (!real) return refused(argument, destroy);
  if (name && step)
    destroy = note({database, Kind::kWindow, name, count, flags, argument, destroy});
  return real(database, name, count, flags, argument, step, end, value, inverse, destroy);
}

CHKPT_CALL int sqlite3_create_collation_v2(sqlite3* database, const char* name, int encoding,
                                           void* argument, Compare compare, Destroy destroy) {
  const auto real = linked_with<CreateCollation>(__builtin_return_address(0), __func__);
  if (!real) return refused(argument, destroy);
  if (name && compare)
    destroy = note({database, Kind::kCollation, name, 0, encoding, argument, destroy});
  return real(database, name, encoding, argument, compare, destroy);
}
