// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/native_modules.hpp"

#include <algorithm>
#include <utility>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// What a module defines and does not exchange by itself.
bool is_definition(PyObject* value) {
  return PyCFunction_Check(value) || PyFunction_Check(value) || PyType_Check(value);
}

Ref weak(PyObject* object) { return own(PyWeakref_NewRef(object, nullptr)); }

Ref weak_or_none(PyObject* value) { return is_definition(value) ? weak(value) : none(); }

Ref names_of(PyObject* module) {
  Ref names = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(PyModule_GetDict(module), &position, &name, &value);)
    ok(PyDict_SetItem(names.get(), name, weak_or_none(value).get()));
  return names;
}

}  // namespace

void NativeModules::record(PyObject* name, PyObject* module, bool restored) {
  const std::size_t* known = index_.find(module);
  if (known && call(modules_[*known].module).is(module)) return;
  Module now{Ref::borrow(name), weak(module), names_of(module), restored};
  if (known) {
    modules_[*known] = std::move(now);  // of one that is no more, and stood here
    return;
  }
  index_.insert(module, modules_.size());
  modules_.push_back(std::move(now));
}

void NativeModules::mark_changed() { marked_ = replaced(); }

void NativeModules::record_unmarked() {
  for (const Change& now : replaced()) {
    const bool marked = std::any_of(marked_.begin(), marked_.end(), [&](const Change& before) {
      return before.module.is(now.module.get()) && before.name.is(now.name.get());
    });
    if (marked) continue;
    const Module& module = modules_[*index_.find(now.module.get())];
    ok(PyDict_SetItem(module.names.get(), now.name.get(), weak_or_none(now.value.get()).get()));
  }
  marked_.clear();
}

bool NativeModules::is_new_name(PyObject* module, PyObject* name) {
  const std::size_t* index = index_.find(module);
  return index && call(modules_[*index].module).is(module) &&
         ok(PyDict_Contains(modules_[*index].names.get(), name)) == 0;
}

std::vector<NativeModules::Change> NativeModules::replaced() const {
  std::vector<Change> found;
  for (const Module& recorded : modules_) {
    if (!recorded.restored) continue;
    const Ref module = call(recorded.module);
    if (module.is(Py_None)) continue;
    PyObject* now = PyModule_GetDict(module.get());
    PyObject *name = nullptr, *before = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(recorded.names.get(), &position, &name, &before);) {
      if (before == Py_None) continue;
      PyObject* value = PyDict_GetItemWithError(now, name);
      if (value && !call(before).is(value))
        found.push_back({module, recorded.name, Ref::borrow(name), Ref::borrow(value)});
    }
  }
  return found;
}

}  // namespace chkpt::heap
