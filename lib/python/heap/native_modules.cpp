// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/native_modules.hpp"

#include <algorithm>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// What a module in C defines and does not exchange by itself.
bool is_definition(PyObject* value) { return PyCFunction_Check(value) || PyType_Check(value); }

}  // namespace

void NativeModules::record(PyObject* name, PyObject* module, bool restored) {
  if (!index_.insert(module, modules_.size())) return;
  modules_.push_back({Ref::borrow(name), Ref::borrow(module),
                      own(PyDict_Copy(PyModule_GetDict(module))), restored});
}

void NativeModules::mark_changed() { marked_ = replaced(); }

void NativeModules::record_unmarked() {
  for (const Change& now : replaced()) {
    const bool marked = std::any_of(marked_.begin(), marked_.end(), [&](const Change& before) {
      return before.module == now.module && before.name == now.name;
    });
    if (marked) continue;
    const Module& module = modules_[*index_.find(now.module)];
    ok(PyDict_SetItem(module.names.get(), now.name, now.value));
  }
}

bool NativeModules::is_new_name(PyObject* module, PyObject* name) {
  const std::size_t* index = index_.find(module);
  return index && ok(PyDict_Contains(modules_[*index].names.get(), name)) == 0;
}

std::vector<NativeModules::Change> NativeModules::replaced() const {
  std::vector<Change> found;
  for (const Module& module : modules_) {
    if (!module.restored) continue;
    PyObject* now = PyModule_GetDict(module.object.get());
    PyObject *name = nullptr, *before = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(module.names.get(), &position, &name, &before);) {
      if (!is_definition(before)) continue;
      PyObject* value = PyDict_GetItemWithError(now, name);
      if (value && value != before)
        found.push_back({module.object.get(), module.name.get(), name, value});
    }
  }
  return found;
}

}  // namespace chkpt::heap
