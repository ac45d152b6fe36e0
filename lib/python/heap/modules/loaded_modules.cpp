// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/loaded_modules.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/import_directory.hpp"
#include "python/heap/modules/import_draws.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/modules/relative_imports.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {

void make_modules(PyObject* shells) {
  PyObject* modules = PyImport_GetModuleDict();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(shells); ++i) {
    PyObject* shell = PyList_GET_ITEM(shells, i);
    PyObject *name = item(shell, 0), *alias = item(shell, 1);
    UnseenImports::expect(name);
    if (alias != Py_None) {
      ok(PyDict_SetItem(modules, name, own(PyImport_GetModule(alias)).get()));
    } else if (!PyDict_Contains(modules, name) || utf8(name) != "__main__") {
      // Snapshots of before had the class here.
      PyObject* type = item(shell, 2);
      const Ref module = call(type == Py_None ? raw(&PyModule_Type) : type, name);
      // For extension modules of the script's packages, which are imported.
      if (PyList_GET_SIZE(item(shell, 3)) > 0) set_attr(module.get(), "__path__", item(shell, 3));
      ok(PyDict_SetItem(modules, name, module.get()));
      if (LibraryBaseline* const baseline = library_baseline())
        baseline->by_value.take_for_script(name, module.get());
    }
  }
}

// The list itself is the script's as well, and restored with the process's state.
void use_import_path(PyObject* texts) {
  PyObject* path = PySys_GetObject("path");
  if (path && PyList_Check(path) && PyList_GET_SIZE(texts) > 0)
    ok(PyList_SetSlice(path, 0, PyList_GET_SIZE(path), texts));
}

namespace {

// What libraries print while they are imported was printed by the first import. Their objects may
// keep sys.stdout, so it stays, and what is behind it changes; but not a terminal, for which they
// may look. The calls are the system's own: those of the C library tell files/ of each descriptor.
class NoOutput {
 public:
  NoOutput() {
    if (::isatty(STDOUT_FILENO) == 1) return;
    kept_ = UniqueFd(static_cast<int>(::syscall(SYS_fcntl, STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)));
    const UniqueFd null(
        kept_ ? static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC))
              : -1);
    flush();
    if (null) ::syscall(SYS_dup3, null.get(), STDOUT_FILENO, 0);
  }
  ~NoOutput() {
    flush();
    if (kept_) ::syscall(SYS_dup3, kept_.get(), STDOUT_FILENO, 0);
  }
  NoOutput(const NoOutput&) = delete;
  NoOutput& operator=(const NoOutput&) = delete;

 private:
  // A stream that cannot be flushed now will say so when the script ends.
  static void flush() {
    PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
    PyErr_Fetch(&type, &value, &trace);
    for (const char* name : {"stdout", "__stdout__"}) {
      PyObject* stream = PySys_GetObject(name);
      if (!stream || stream == Py_None) continue;
      Py_XDECREF(PyObject_CallMethod(stream, "flush", nullptr));
      PyErr_Clear();
    }
    static_cast<void>(std::fflush(stdout));
    PyErr_Restore(type, value, trace);
  }

  UniqueFd kept_;
};

PyObject* name_of(PyObject* import) { return PyTuple_Check(import) ? item(import, 0) : import; }

}  // namespace

// In the saved order, because imports have side effects. A module that cannot be imported any more
// is only missed if something refers to it.
void import_modules(PyObject* names, const ImportsThen& then) {
  const NoOutput quiet;
  ImportDirectories working_in(then.directories);
  // All of them first: they import each other.
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i)
    UnseenImports::expect(name_of(PyList_GET_ITEM(names, i)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i) {
    PyObject* name = name_of(PyList_GET_ITEM(names, i));
    if (PyTuple_Check(PyList_GET_ITEM(names, i))) {
      take_import_step(PyList_GET_ITEM(names, i));
      continue;
    }
    change_environment_for(then.environment, name);
    working_in.enter_for(name);
    check_relative_import(then.relative, name);
    if (PyDict_Contains(PyImport_GetModuleDict(), name)) continue;
    draw_again(then.draws, name);
    const BlockedNames as_then(then.blocked, name);
    PyObject* module = PyImport_Import(name);
    Py_XDECREF(module);
    if (!module) {
      const std::string why = take_exception_text();
      log::info("module " + utf8(name) + " could not be imported again: " + why);
    }
  }
  if (library_baseline() && then.blocked) library_baseline()->imported.take_blocked(then.blocked);
}

void order_modules(PyObject* order) {
  PyObject* modules = PyImport_GetModuleDict();
  const Ref ordered = new_dict();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(order); ++i) {
    PyObject* name = PyList_GET_ITEM(order, i);
    if (PyObject* module =
            ok(PyDict_Contains(modules, name)) ? PyDict_GetItem(modules, name) : nullptr)
      ok(PyDict_SetItem(ordered.get(), name, module));
  }
  ok(PyDict_Update(ordered.get(), modules));
  PyDict_Clear(modules);  // the other dict keeps all of them alive
  ok(PyDict_Update(modules, ordered.get()));
}

void fill_modules(PyObject* namespaces) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(namespaces); ++i) {
    PyObject* entry = PyList_GET_ITEM(namespaces, i);
    const Ref module = own(PyImport_GetModule(item(entry, 0)));
    PyObject* dict = PyModule_GetDict(module.get());
    PyDict_Clear(dict);
    PyObject* pairs = item(entry, 1);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(pairs); ++k) {
      PyObject* pair = PyList_GET_ITEM(pairs, k);
      ok(PyDict_SetItem(dict, item(pair, 0), item(pair, 1)));
    }
  }
}

void give_module_classes(PyObject* namespaces) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(namespaces); ++i) {
    PyObject* entry = PyList_GET_ITEM(namespaces, i);
    PyObject* type = PyTuple_GET_SIZE(entry) > 2 ? item(entry, 2) : Py_None;
    if (type == Py_None) continue;
    const Ref module = own(PyImport_GetModule(item(entry, 0)));
    ok(PyBaseObject_Type.tp_setattro(module.get(), text("__class__").get(), type));
  }
}

}  // namespace chkpt::heap
