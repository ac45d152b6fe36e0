// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/module_copies.hpp"

#include <algorithm>
#include <string>

#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/made_of_modules.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

PyObject* in_modules(PyObject* name) {
  return PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
}

bool is_in_c(PyObject* module) {
  const bool in_c = PyModule_GetDef(module) != nullptr;
  PyErr_Clear();
  return in_c;
}

// A module of a library, in Python, under its own name.
bool concerns(PyObject* name, PyObject* module) {
  if (!PyUnicode_CheckExact(name) || !PyModule_Check(module) || is_in_c(module) ||
      UnseenImports::hides(name))
    return false;
  const Ref own = own_name(module);
  if (!own || PyUnicode_Compare(own.get(), name) != 0) return false;
  const std::string text = utf8(name), top = text.substr(0, text.find('.'));
  return top != "chkpt" && top != "mpi4py" && !library_baseline()->by_value.module(name, module);
}

// The names that no import finds: sys.modules has None there.
Ref blocked_in(const Ref& modules) {
  Ref blocked = new_list();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(modules.get(), &at, &name, &value);)
    if (value == Py_None && PyUnicode_CheckExact(name)) append(blocked, Ref::borrow(name));
  return blocked;
}

OriginalModules* active = nullptr;

}  // namespace

ImportedModules::ImportedModules() : firsts_(new_dict()) {}

// A library that imports a module again by itself, in an import that began with the first one, will
// do so again.
void ImportedModules::take_new(PyObject* name, PyObject* module, const Ref& modules_before) {
  PyObject* first = PyDict_GetItemWithError(firsts_.get(), name);
  PyObject* before = PyDict_GetItemWithError(modules_before.get(), name);
  const bool by_import = !first || before != module;  // not by the script, past imports
  kept_.push_back(Ref::borrow(module));
  seen_.insert(module, by_import);
  if (by_import && (!first || before == first)) ok(PyDict_SetItem(firsts_.get(), name, module));
}

void ImportedModules::note_new(const Ref& before) {
  std::vector<std::pair<Ref, Ref>> fresh;
  PyObject *name = nullptr, *module = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module);)
    if (!seen_.find(module)) fresh.emplace_back(Ref::borrow(name), Ref::borrow(module));
  const Ref blocked = blocked_in(before);
  for (const auto& [new_name, new_module] : fresh) {
    if (!concerns(new_name.get(), new_module.get())) continue;
    take_new(new_name.get(), new_module.get(), before);
    if (PyList_GET_SIZE(blocked.get()) > 0)
      blocked_.push_back({new_name, new_module.get(), blocked});
  }
}

Ref ImportedModules::blocked() const {
  Ref blocked = new_dict();
  for (const Blocked& one : blocked_)
    if (in_modules(one.name.get()) == one.module)
      ok(PyDict_SetItem(blocked.get(), one.name.get(), one.names.get()));
  return blocked;
}

void ImportedModules::take_blocked(PyObject* blocked) {
  blocked_.clear();
  PyObject *name = nullptr, *names = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(blocked, &at, &name, &names);)
    if (PyObject* module = in_modules(name))
      blocked_.push_back({Ref::borrow(name), module, Ref::borrow(names)});
}

// Mostly there are none: nothing of Python's is called for all others.
Ref ImportedModules::copies() {
  std::vector<std::pair<Ref, Ref>> others;
  PyObject *name = nullptr, *module = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyImport_GetModuleDict(), &at, &name, &module);) {
    if (!PyUnicode_CheckExact(name) || !PyModule_Check(module)) continue;
    PyObject* first = PyDict_GetItemWithError(firsts_.get(), name);
    const bool is_known = first ? first == module : !is_put_there(module);
    if (!is_known) others.emplace_back(Ref::borrow(name), Ref::borrow(module));
  }
  if (others.empty()) return new_list();
  MadeOfModules made_of;
  for (const auto& [other_name, other] : others)
    if (concerns(other_name.get(), other.get())) add_to(made_of, other_name.get(), other.get());
  made_of.settle(concerns);
  return made_of.copies();
}

// Where others have imported the first one they will again, with nothing blocked.
void ImportedModules::add_to(MadeOfModules& made_of, PyObject* name, PyObject* module) {
  const bool* by_import = seen_.find(module);
  const bool was_blocked = std::any_of(blocked_.begin(), blocked_.end(),
                                       [&](const Blocked& one) { return one.module == module; });
  made_of.add(name, module, PyDict_GetItemWithError(firsts_.get(), name),
              !by_import || !*by_import || was_blocked);
}

bool ImportedModules::is_put_there(PyObject* module) {
  const bool* by_import = seen_.find(module);
  return by_import && !*by_import;
}

void ImportedModules::forget(PyObject* name) {
  if (ok(PyDict_Contains(firsts_.get(), name))) ok(PyDict_DelItem(firsts_.get(), name));
}

void ImportedModules::take_for_copy(PyObject* module) {
  if (bool* known = seen_.find(module))
    *known = false;
  else if (seen_.insert(module, false))
    kept_.push_back(Ref::borrow(module));
}

OriginalModules::OriginalModules()
    : copies_(library_baseline() ? library_baseline()->imported.copies() : new_list()) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies_.get()); ++i) {
    PyObject* copy = PyList_GET_ITEM(copies_.get(), i);
    ok(PyDict_SetItem(PyImport_GetModuleDict(), item(copy, 0), item(copy, 2)));
  }
  active = this;
}

OriginalModules::~OriginalModules() {
  const PendingException aside;
  active = nullptr;
  try {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies_.get()); ++i) {
      PyObject* copy = PyList_GET_ITEM(copies_.get(), i);
      ok(PyDict_SetItem(PyImport_GetModuleDict(), item(copy, 0), item(copy, 1)));
    }
  } catch (...) {
    PyErr_Clear();
  }
}

Ref OriginalModules::copies() {
  Ref pairs = new_list();
  const Ref all = active ? active->copies_ : new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i)
    append(pairs,
           pack(item(PyList_GET_ITEM(all.get(), i), 0), item(PyList_GET_ITEM(all.get(), i), 1)));
  ok(PyList_Sort(pairs.get()));  // by name: a resumed process has met them in another order
  return pairs;
}

Ref OriginalModules::blocked() {
  return library_baseline() ? library_baseline()->imported.blocked() : new_dict();
}

bool OriginalModules::hides(PyObject* name) {
  return active && PyUnicode_Check(name) && in_modules(name) == Py_Ellipsis;
}

BlockedNames::BlockedNames(PyObject* blocked, PyObject* name) {
  PyObject* names = blocked ? PyDict_GetItemWithError(blocked, name) : nullptr;
  for (Py_ssize_t i = 0; names && i < PyList_GET_SIZE(names); ++i) {
    PyObject* one = PyList_GET_ITEM(names, i);
    there_.emplace_back(Ref::borrow(one), Ref::borrow(in_modules(one)));
    ok(PyDict_SetItem(PyImport_GetModuleDict(), one, Py_None));
  }
}

BlockedNames::~BlockedNames() {
  const PendingException aside;
  for (const auto& [name, module] : there_)
    if (module)
      PyDict_SetItem(PyImport_GetModuleDict(), name.get(), module.get());
    else if (in_modules(name.get()) == Py_None)
      PyDict_DelItem(PyImport_GetModuleDict(), name.get());
}

void restore_module_copies(PyObject* copies) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies); ++i) {
    PyObject* copy = PyList_GET_ITEM(copies, i);
    ok(PyDict_SetItem(PyImport_GetModuleDict(), item(copy, 0), item(copy, 1)));
    if (library_baseline()) library_baseline()->imported.take_for_copy(item(copy, 1));
  }
}

}  // namespace chkpt::heap
