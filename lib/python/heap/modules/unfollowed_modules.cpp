// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/unfollowed_modules.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/names_to_come.hpp"
#include "python/heap/compiled/own_modules.hpp"

namespace chkpt::heap {
namespace {

// What a module or class defines and does not exchange by itself.
bool is_definition(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  return PyCFunction_Check(value) || PyFunction_Check(value) || PyMethod_Check(value) ||
         PyType_Check(value) || type == &PyProperty_Type || type == &PyClassMethod_Type ||
         type == &PyStaticMethod_Type;
}

Ref weak(PyObject* object) { return own(PyWeakref_NewRef(object, nullptr)); }

PyObject* namespace_of(PyObject* holder, bool is_class) {
  return is_class ? reinterpret_cast<PyTypeObject*>(holder)->tp_dict : PyModule_GetDict(holder);
}

bool is_concern(PyObject* remembered) { return remembered != Py_None && remembered != Py_Ellipsis; }

// What a name led to, to be compared with later.
Ref remembered(PyObject* value, UnfollowedModules::Extent extent) {
  using Extent = UnfollowedModules::Extent;
  if (is_atom(value))
    return Ref::borrow(extent == Extent::kConstants && value != Py_None ? value : Py_Ellipsis);
  if (extent == Extent::kNames || !is_definition(value)) return none();
  return PyType_SUPPORTS_WEAKREFS(Py_TYPE(value)) ? weak(value) : Ref::borrow(value);
}

bool is_same(PyObject* before, PyObject* now) {
  if (PyWeakref_Check(before)) return call(before).is(now);
  return same_value(before, now);
}

// Set by the interpreter itself, or restored with its hooks; by Cython's code at the first
// exception that passes it.
bool is_of_interpreter(PyObject* holder, PyObject* name) {
  if (holder == loaded_module("cython_runtime")) return true;
  static const char* const names[] = {"last_type", "last_value", "last_traceback", "last_exc",
                                      "ps1",       "ps2",        "tracebacklimit"};
  if (holder != loaded_module("sys")) return false;
  return std::any_of(std::begin(names), std::end(names), [&](const char* one) {
    return PyUnicode_CompareWithASCIIString(name, one) == 0;
  });
}

// A name that is new; an import makes a submodule a name of its package.
bool counts_as_new(PyObject* holder, bool is_class, PyObject* name, PyObject* value) {
  if (is_double_underscored(name)) return is_class && PyFunction_Check(value);
  if (PyModule_Check(value) && !is_class) {
    const Ref known = own_name(value), package = own_name(holder);
    if (known && package &&
        PyUnicode_Compare(known.get(),
                          own(PyUnicode_FromFormat("%U.%U", package.get(), name)).get()) == 0)
      return false;
  }
  return !is_of_interpreter(holder, name);
}

Ref place_of_class(PyObject* module_name, PyObject* name) {
  const Ref step = pack(number(static_cast<int>(Part::kName)), name);
  return pack(module_name, pack(step));
}

// Classes of the module itself, not those that it has imported.
bool is_class_of(PyObject* value, PyObject* name, PyObject* module) {
  if (!PyType_Check(value) || holder_of(value) != Holder::kClass) return false;
  auto* type = reinterpret_cast<PyTypeObject*>(value);
  PyObject* of = find(type->tp_dict, "__module__");
  const Ref own = own_name(module);
  return of && own && PyUnicode_Check(of) && PyUnicode_Compare(of, own.get()) == 0 &&
         PyUnicode_Compare(reinterpret_cast<PyHeapTypeObject*>(type)->ht_name, name) == 0;
}

}  // namespace

void UnfollowedModules::record_holder(PyObject* object, const Ref& place, bool is_class,
                                      Extent extent) {
  const std::size_t* known = index_.find(object);
  if (known && call(holders_[*known].object).is(object)) return;
  Holder now{weak(object), place, is_class, extent, new_dict(), 0};
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(namespace_of(object, is_class), &at, &name, &value);)
    if (!gives_stand_ins(value))
      ok(PyDict_SetItem(now.names.get(), name, remembered(value, extent).get()));
  if (known) {
    holders_[*known] = std::move(now);  // of one that is no more, and stood here
    return;
  }
  index_.insert(object, holders_.size());
  holders_.push_back(std::move(now));
}

void UnfollowedModules::record(PyObject* name, PyObject* module, Extent extent) {
  record_holder(module, pack(name, own(PyTuple_New(0))), false, extent);
  if (extent == Extent::kNames) return;
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &key, &value);)
    if (PyUnicode_Check(key) && is_class_of(value, key, module))
      record_holder(value, place_of_class(name, key), true, Extent::kDefinitions);
}

void UnfollowedModules::mark_changed() { marked_ = changed(); }

void UnfollowedModules::record_unmarked() {
  for (const Change& now : changed()) {
    const bool marked = std::any_of(marked_.begin(), marked_.end(), [&](const Change& before) {
      return before.holder.is(now.holder.get()) && before.name.is(now.name.get());
    });
    if (marked) continue;
    const Holder& holder = holders_[*index_.find(now.holder.get())];
    if (now.value)
      ok(PyDict_SetItem(holder.names.get(), now.name.get(),
                        remembered(now.value.get(), holder.extent).get()));
    else
      ok(PyDict_DelItem(holder.names.get(), now.name.get()));
  }
  marked_.clear();
}

bool UnfollowedModules::is_new_name(PyObject* module, PyObject* name) {
  const std::size_t* index = index_.find(module);
  return index && call(holders_[*index].object).is(module) &&
         ok(PyDict_Contains(holders_[*index].names.get(), name)) == 0;
}

bool UnfollowedModules::may_differ(PyObject* module) {
  const std::size_t* index = index_.find(module);
  if (!index || !call(holders_[*index].object).is(module)) return false;
  return holders_[*index].unchanged_at != frames::dict_version(PyModule_GetDict(module));
}

bool UnfollowedModules::is_replaced(PyObject* module, PyObject* name, PyObject* value) {
  const std::size_t* index = index_.find(module);
  if (!index || !call(holders_[*index].object).is(module)) return false;
  PyObject* before = PyDict_GetItemWithError(holders_[*index].names.get(), name);
  if (before == Py_Ellipsis) return !is_atom(value);
  return before && is_concern(before) && !is_same(before, value);
}

bool UnfollowedModules::add_changes(const Holder& holder, PyObject* object,
                                    std::vector<Change>& found) const {
  bool all_concern = true;
  const auto add = [&](PyObject* name, PyObject* value) {
    found.push_back({Ref::borrow(object), holder.place, holder.is_class, Ref::borrow(name),
                     value ? Ref::borrow(value) : Ref()});
  };
  PyObject* now = namespace_of(object, holder.is_class);
  PyObject *name = nullptr, *value = nullptr, *before = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(now, &at, &name, &value);) {
    if (!PyUnicode_Check(name)) continue;
    before = PyDict_GetItemWithError(holder.names.get(), name);
    const bool differs = before ? is_concern(before) && !is_same(before, value)
                                : counts_as_new(object, holder.is_class, name, value);
    if (differs) add(name, value);
    if (before == Py_Ellipsis && !is_atom(value)) all_concern = false;
  }
  for (Py_ssize_t at = 0; PyDict_Next(holder.names.get(), &at, &name, &before);)
    if (is_concern(before) && PyUnicode_Check(name) && ok(PyDict_Contains(now, name)) == 0)
      add(name, nullptr);
  return all_concern;
}

std::vector<UnfollowedModules::Change> UnfollowedModules::changed() const {
  std::vector<Change> found;
  for (const Holder& holder : holders_) {
    if (holder.extent == Extent::kNames) continue;
    const Ref object = call(holder.object);
    if (object.is(Py_None)) continue;
    if (!holder.is_class && is_own_module(object.get())) continue;  // which all names are saved of
    const std::uint64_t version = frames::dict_version(namespace_of(object.get(), holder.is_class));
    if (version == holder.unchanged_at) continue;
    const std::size_t known = found.size();
    const bool all_concern = add_changes(holder, object.get(), found);
    holder.unchanged_at = all_concern && found.size() == known ? version : 0;
  }
  return found;
}

}  // namespace chkpt::heap
