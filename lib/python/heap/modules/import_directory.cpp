// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/import_directory.hpp"

#include <climits>
#include <string>

#include <unistd.h>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Never freed: they outlive the interpreter's end.
PyObject* g_first = nullptr;    // bytes; empty: it had been removed
PyObject* g_changes = nullptr;  // [(module name, directory)]
PyObject* g_last = nullptr;     // of them

Ref directory_now() {
  char path[PATH_MAX];
  return own(PyBytes_FromString(::getcwd(path, sizeof path) ? path : ""));
}

void keep(PyObject*& place, const Ref& value) { Py_XSETREF(place, Py_NewRef(value.get())); }

bool same(PyObject* a, PyObject* b) { return ok(PyObject_RichCompareBool(a, b, Py_EQ)) == 1; }

void enter(PyObject* directory) { static_cast<void>(::chdir(PyBytes_AsString(directory)) == 0); }

// What is known of relative entries of sys.path is so only where it was found out.
void forget_relative_finders() {
  PyObject* finders = PySys_GetObject("path_importer_cache");
  if (!finders || !PyDict_Check(finders)) return;
  const Ref folders = own(PyDict_Keys(finders));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(folders.get()); ++i) {
    PyObject* folder = PyList_GET_ITEM(folders.get(), i);
    if (PyUnicode_Check(folder) && utf8(folder).substr(0, 1) != "/")
      ok(PyDict_DelItem(finders, folder));
  }
}

}  // namespace

void note_first_directory() {
  keep(g_first, directory_now());
  keep(g_last, Ref::borrow(g_first));
  keep(g_changes, new_list());
}

void note_directory_for(PyObject* spec) {
  if (!g_first) return;
  const Ref now = directory_now();
  if (same(now.get(), g_last)) return;
  append(Ref::borrow(g_changes), pack(attr(spec, "name"), now));
  keep(g_last, now);
}

Ref import_directories() { return g_first ? pack(g_first, g_changes) : none(); }

ImportDirectories::ImportDirectories(PyObject* directories) {
  if (!directories || directories == Py_None) return;
  directories_ = Ref::borrow(directories);
  before_ = directory_now();
  enter(item(directories, 0));
}

void ImportDirectories::enter_for(PyObject* module_name) {
  if (!directories_) return;
  PyObject* steps = item(directories_, 1);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(steps); ++i)
    if (same(item(PyList_GET_ITEM(steps, i), 0), module_name)) {
      enter(item(PyList_GET_ITEM(steps, i), 1));
      forget_relative_finders();
    }
}

ImportDirectories::~ImportDirectories() {
  if (before_) enter(before_.get());
}

void continue_import_directories(PyObject* directories) {
  if (!g_first || !directories || directories == Py_None) return;
  keep(g_first, Ref::borrow(item(directories, 0)));
  keep(g_changes, Ref::borrow(item(directories, 1)));
  const Py_ssize_t steps = PyList_GET_SIZE(g_changes);
  keep(g_last, Ref::borrow(steps > 0 ? item(PyList_GET_ITEM(g_changes, steps - 1), 1) : g_first));
}

}  // namespace chkpt::heap
