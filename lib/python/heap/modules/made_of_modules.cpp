// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/made_of_modules.hpp"

#include <algorithm>

#include "python/frames/objects.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/module_entries.hpp"

namespace chkpt::heap {
namespace {

bool is_class_named(PyObject* value, PyObject* module_name) {
  if (!PyType_Check(value)) return false;
  auto* type = reinterpret_cast<PyTypeObject*>(value);
  PyObject* of = frames::is_python_class(type) ? find(type->tp_dict, "__module__") : nullptr;
  return of && PyUnicode_Check(of) && PyUnicode_Compare(of, module_name) == 0;
}

PyObject* name_of(PyObject* module) {
  PyObject* name = find(PyModule_GetDict(module), "__name__");
  return name && PyUnicode_Check(name) ? name : nullptr;
}

PyObject* in_modules(PyObject* name) {
  PyObject* found = name && PyUnicode_Check(name)
                        ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name)
                        : nullptr;
  return found && PyModule_Check(found) ? found : nullptr;
}

// Whether it is of a module that has left sys.modules, where its name leads to another one.
bool is_of_lost_module(PyObject* value) {
  if (PyFunction_Check(value)) {
    PyObject* names = PyFunction_GET_GLOBALS(value);
    PyObject* now = in_modules(find(names, "__name__"));
    return now && PyModule_GetDict(now) != names;
  }
  if (PyModule_Check(value)) {
    PyObject* now = in_modules(own_name(value).get());
    return now && now != value;
  }
  if (!PyType_Check(value)) return false;
  if (imported_again(reinterpret_cast<PyTypeObject*>(value))) return true;
  if (!frames::is_python_class(reinterpret_cast<PyTypeObject*>(value))) return false;
  PyObject* now = in_modules(find(reinterpret_cast<PyTypeObject*>(value)->tp_dict, "__module__"));
  PyObject* name = reinterpret_cast<PyHeapTypeObject*>(value)->ht_qualname;
  PyObject* there = now ? PyDict_GetItemWithError(PyModule_GetDict(now), name) : nullptr;
  return there && there != value && PyType_Check(there);
}

}  // namespace

void MadeOfModules::add(PyObject* name, PyObject* module, PyObject* first, bool by_value) {
  const int index = static_cast<int>(candidates_.size());
  candidates_.push_back({name, module, first, by_value});
  own_contents(module, first, {index, false});
  if (first) own_contents(first, module, {index, true});
}

// Not the classes that both have: they are of another module.
void MadeOfModules::own_contents(PyObject* module, PyObject* other, Owner owner) {
  PyObject* dict = PyModule_GetDict(module);
  owners_.insert(module, owner);
  owners_.insert(dict, owner);
  PyObject* const module_name = name_of(module);
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; module_name && PyDict_Next(dict, &at, &name, &value);)
    if (is_class_named(value, module_name) &&
        !(other && PyDict_GetItemWithError(PyModule_GetDict(other), name) == value))
      owners_.insert(value, owner);
}

// Of what is defined in a module, of what derives from that, and of its instances.
MadeOfModules::Owner MadeOfModules::owner_of(PyObject* value) {
  if (PyFunction_Check(value)) value = PyFunction_GET_GLOBALS(value);
  if (const Owner* owner = owners_.find(value)) return *owner;
  auto* type = PyType_Check(value) ? reinterpret_cast<PyTypeObject*>(value) : Py_TYPE(value);
  if (!frames::is_python_class(type)) return {};
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i)
    if (const Owner* owner = owners_.find(PyTuple_GET_ITEM(type->tp_mro, i))) return *owner;
  return {};
}

// Whether the module, which candidate `itself` is about, was made of something by value. What it
// has of first ones makes those what imports make.
bool MadeOfModules::is_of_copies(PyObject* module, int itself) {
  PyObject *name = nullptr, *value = nullptr;
  bool found = false;
  const bool is_second =
      itself >= 0 && candidates_[static_cast<std::size_t>(itself)].module == module;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &name, &value);) {
    const Owner owner = owner_of(value);
    if (owner.index < 0 && is_second) found = found || is_of_lost_module(value);
    if (owner.index < 0 || owner.index == itself || !PyUnicode_Check(name)) continue;
    if (made_after_import(module, name, value) || is_new_name(module, name)) continue;
    Candidate& other = candidates_[static_cast<std::size_t>(owner.index)];
    if (!owner.is_first)
      found = found || other.by_value;
    else if (!other.first)
      found = true;
    else if (!std::exchange(other.by_value, true))
      news_ = true;
  }
  return found;
}

void MadeOfModules::look_at_candidate(int index) {
  const Candidate one = candidates_[static_cast<std::size_t>(index)];
  PyObject* const made = one.by_value ? one.first : one.module;
  if (!made || !is_of_copies(made, index)) return;
  Candidate& now = candidates_[static_cast<std::size_t>(index)];
  if (one.by_value) now.first = nullptr;
  now.by_value = true;
  news_ = true;
}

// Each with its name; candidates left out.
std::vector<std::pair<PyObject*, PyObject*>> MadeOfModules::others() {
  std::vector<std::pair<PyObject*, PyObject*>> found;
  PyObject *name = nullptr, *module = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module);)
    if (PyUnicode_CheckExact(name) && PyModule_Check(module) && !owners_.find(module))
      found.emplace_back(name, module);
  ByValue& by_value = library_baseline()->by_value;
  found.erase(
      std::remove_if(found.begin(), found.end(),
                     [&](const auto& one) { return by_value.module(one.first, one.second); }),
      found.end());
  return found;
}

void MadeOfModules::settle(bool (*may_go)(PyObject* name, PyObject* module)) {
  for (news_ = true; news_;) {
    news_ = false;
    for (const auto& [name, module] : others())
      if (is_of_copies(module, -1) && may_go(name, module)) {
        add(name, module, nullptr, true);
        news_ = true;
      }
    for (int index = 0; index < static_cast<int>(candidates_.size()); ++index)
      look_at_candidate(index);
  }
}

Ref MadeOfModules::copies() const {
  Ref copies = new_list();
  for (const Candidate& one : candidates_)
    if (one.by_value)
      append(copies, pack(one.name, one.module, one.first ? one.first : Py_Ellipsis));
  return copies;
}

}  // namespace chkpt::heap
