// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/sqlite_settings.hpp"

#include <array>
#include <string>

#include "base/text.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

struct Setting {
  const char *names, *get, *set;  // the constants begin with `names`
};
constexpr std::array<Setting, 2> kSettings = {
    Setting{"SQLITE_LIMIT_", "getlimit", "setlimit"},
    Setting{"SQLITE_DBCONFIG_", "getconfig", "setconfig"}};
constexpr std::size_t kLimits = 0;

// Null if the SQLite that is loaded does not know it.
Ref value_or_null(const Ref& get, PyObject* setting) {
  Ref value = Ref::steal(PyObject_CallOneArg(get.get(), setting));
  if (!value) PyErr_Clear();
  return value;
}

Ref changed(const Setting& kind, PyObject* connection, PyObject* fresh) {
  Ref found = new_list();
  const Ref get = attr_or_null(connection, kind.get);
  if (!get) return found;
  const Ref get_fresh = attr(fresh, kind.get);
  PyObject *name = nullptr, *setting = nullptr;
  Py_ssize_t position = 0;
  const Ref names = own(PyDict_Copy(PyModule_GetDict(import("sqlite3").get())));
  while (PyDict_Next(names.get(), &position, &name, &setting)) {
    if (!begins_with(utf8(name), kind.names)) continue;
    const Ref normal = value_or_null(get_fresh, setting);
    if (!normal) continue;
    const Ref value = call(get, setting);
    if (ok(PyObject_RichCompareBool(value.get(), normal.get(), Py_NE)) == 1)
      append(found, pack(setting, value));
  }
  return found;
}

void set_all(const Setting& kind, PyObject* connection, PyObject* values) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values); ++i) {
    PyObject* one = PyList_GET_ITEM(values, i);
    call_method(Ref::borrow(connection), kind.set, item(one, 0), item(one, 1));
  }
}

}  // namespace

Ref changed_settings(PyObject* connection, PyObject* fresh) {
  return pack(changed(kSettings[0], connection, fresh), changed(kSettings[1], connection, fresh));
}

void change_settings(PyObject* connection, PyObject* changed) {
  for (std::size_t i = kSettings.size(); i-- > 0;)
    set_all(kSettings.at(i), connection, item(changed, static_cast<Py_ssize_t>(i)));
}

OrdinaryLimits::OrdinaryLimits(PyObject* connection, PyObject* fresh, PyObject* changed)
    : connection_(Ref::borrow(connection)), limits_(Ref::borrow(item(changed, kLimits))) {
  const Setting& limit = kSettings.at(kLimits);
  const Ref ordinary = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(limits_.get()); ++i) {
    PyObject* category = item(PyList_GET_ITEM(limits_.get(), i), 0);
    append(ordinary, pack(category, call_method(Ref::borrow(fresh), limit.get, category)));
  }
  set_all(limit, connection, ordinary.get());
}

OrdinaryLimits::~OrdinaryLimits() {
  const PendingException pending;
  try {
    set_all(kSettings.at(kLimits), connection_.get(), limits_.get());
  } catch (const Raised&) {
    PyErr_Clear();
  }
}

}  // namespace chkpt::heap
