// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/original_builtins.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Never freed: they outlive the interpreter's end.
PyObject* baseline = nullptr;
PyObject* builtins = nullptr;   // the namespace of the module
PyObject* put_aside = nullptr;  // borrowed: the script's, while the originals are in place

// {name: (value,), or () where the script has deleted one}
Ref replaced_now() {
  Ref replaced;
  PyObject *name = nullptr, *original = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(baseline, &position, &name, &original);) {
    PyObject* now = PyDict_GetItemWithError(builtins, name);
    if (now == original) continue;
    if (!replaced) replaced = new_dict();
    const Ref entry = now ? pack(now) : pack();
    ok(PyDict_SetItem(replaced.get(), name, entry.get()));
  }
  return replaced;
}

}  // namespace

void note_original_builtins() {
  builtins = Py_NewRef(PyModule_GetDict(import("builtins").get()));
  baseline = own(PyDict_Copy(builtins)).release();
}

PyObject* original_builtins() { return baseline; }

Ref changed_builtins() {
  Ref changed = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(builtins, &position, &name, &value);)
    // Capsules are put there by C extensions (pybind11 does), and again by a new import.
    if (PyDict_GetItemWithError(baseline, name) != value && !PyCapsule_CheckExact(value))
      ok(PyDict_SetItem(changed.get(), name, value));
  if (!put_aside) return changed;
  for (Py_ssize_t position = 0; PyDict_Next(put_aside, &position, &name, &value);)
    if (PyTuple_GET_SIZE(value) > 0) ok(PyDict_SetItem(changed.get(), name, item(value, 0)));
  return changed;
}

OriginalBuiltins::OriginalBuiltins() {
  if (put_aside || !baseline) return;
  replaced_ = replaced_now();
  if (!replaced_) return;
  put_aside = replaced_.get();
  PyObject *name = nullptr, *entry = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(put_aside, &position, &name, &entry);)
    ok(PyDict_SetItem(builtins, name, PyDict_GetItemWithError(baseline, name)));
}

OriginalBuiltins::~OriginalBuiltins() {
  if (!replaced_) return;
  const PendingException pending;
  PyObject *name = nullptr, *entry = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(replaced_.get(), &position, &name, &entry);) {
    const bool was_there = PyTuple_GET_SIZE(entry) > 0;
    if ((was_there ? PyDict_SetItem(builtins, name, PyTuple_GET_ITEM(entry, 0))
                   : PyDict_DelItem(builtins, name)) < 0)
      PyErr_Clear();
  }
  put_aside = nullptr;
}

}  // namespace chkpt::heap
