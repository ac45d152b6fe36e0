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

Entries class_parts_of(PyObject* holder, bool is_class) {
  Entries parts;
  if (is_class) read_class_parts(holder, parts);
  return parts;
}

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

// What a class says of itself; other strings and numbers of classes are not looked at.
bool is_about_class(PyObject* name) {
  return PyUnicode_CompareWithASCIIString(name, "__module__") == 0 ||
         PyUnicode_CompareWithASCIIString(name, "__doc__") == 0;
}

// A list is the bases.
Ref remembered_of_class(PyObject* name, PyObject* value, UnfollowedModules::Extent extent) {
  using Extent = UnfollowedModules::Extent;
  if (!PyUnicode_Check(name)) return remembered(value, extent);
  if (!is_class_part(name))
    return remembered(value, is_about_class(name) ? Extent::kConstants : extent);
  if (!PyTuple_Check(value)) return Ref::borrow(value);
  Ref bases = new_list();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i)
    append(bases, weak(PyTuple_GET_ITEM(value, i)));
  return bases;
}

bool are_same_bases(PyObject* before, PyObject* now) {
  if (PyList_GET_SIZE(before) != PyTuple_GET_SIZE(now)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(now); ++i)
    if (!call(PyList_GET_ITEM(before, i)).is(PyTuple_GET_ITEM(now, i))) return false;
  return true;
}

bool is_same(PyObject* before, PyObject* now) {
  if (PyList_Check(before)) return PyTuple_Check(now) && are_same_bases(before, now);
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

// Its name leads to another one, and so would the place.
bool has_left_modules(PyObject* place, PyObject* module) {
  PyObject* now = PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0));
  return now && now != module;
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

void UnfollowedModules::remember(const Holder& holder, PyObject* name, PyObject* value) {
  const Ref kept = holder.is_class ? remembered_of_class(name, value, holder.extent)
                                   : remembered(value, holder.extent);
  ok(PyDict_SetItem(holder.names.get(), name, kept.get()));
}

void UnfollowedModules::record_holder(PyObject* object, PyObject* module, const Ref& place,
                                      bool is_class, Extent extent) {
  const std::size_t* known = index_.find(object);
  if (known && call(holders_[*known].object).is(object)) return;
  Holder now{weak(object), place, is_class, extent, new_dict(), 0, weak(module)};
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(namespace_of(object, is_class), &at, &name, &value);)
    if (!gives_stand_ins(value)) remember(now, name, value);
  for (const Entry& part : class_parts_of(object, is_class)) remember(now, part.key, part.value);
  if (known) {
    holders_[*known] = std::move(now);  // of one that is no more, and stood here
    return;
  }
  index_.insert(object, holders_.size());
  holders_.push_back(std::move(now));
}

void UnfollowedModules::record(PyObject* name, PyObject* module, Extent extent) {
  record_holder(module, module, pack(name, own(PyTuple_New(0))), false, extent);
  if (extent == Extent::kNames) return;
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &key, &value);)
    if (PyUnicode_Check(key) && is_class_of(value, key, module))
      record_holder(value, module, place_of_class(name, key), true, Extent::kDefinitions);
}

void UnfollowedModules::mark_changed() { marked_ = changed(); }

void UnfollowedModules::add_changed_values(GivenObjects& values) const {
  for (const Change& change : marked_)
    if (change.value && is_object_of_its_own(change.value.get()))
      values.insert(change.value.get(), true);
}

void UnfollowedModules::record_unmarked() {
  for (const Change& now : changed()) {
    const bool marked = std::any_of(marked_.begin(), marked_.end(), [&](const Change& before) {
      return before.holder.is(now.holder.get()) && before.name.is(now.name.get());
    });
    if (marked) continue;
    const Holder& holder = holders_[*index_.find(now.holder.get())];
    if (now.value)
      remember(holder, now.name.get(), now.value.get());
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
  PyObject* now = namespace_of(object, holder.is_class);
  const auto add = [&](PyObject* name, PyObject* value) {
    found.push_back({Ref::borrow(object), holder.place, holder.is_class, Ref::borrow(name),
                     value ? Ref::borrow(value) : Ref()});
  };
  PyObject *name = nullptr, *value = nullptr, *before = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(now, &at, &name, &value);) {
    if (!PyUnicode_Check(name)) continue;
    before = PyDict_GetItemWithError(holder.names.get(), name);
    const bool differs = before ? is_concern(before) && !is_same(before, value)
                                : counts_as_new(object, holder.is_class, name, value);
    const bool tells_now = before == Py_Ellipsis && holder.is_class && is_about_class(name) &&
                           value != Py_None;  // a class without __doc__
    if (differs || tells_now) add(name, value);
    if (before == Py_Ellipsis && !is_atom(value)) all_concern = false;
  }
  for (const Entry& part : class_parts_of(object, holder.is_class)) {
    before = PyDict_GetItemWithError(holder.names.get(), part.key);
    if (before && !is_same(before, part.value)) add(part.key, part.value);
  }
  for (Py_ssize_t at = 0; PyDict_Next(holder.names.get(), &at, &name, &before);)
    if (is_concern(before) && PyUnicode_Check(name) && !is_class_part(name) &&
        ok(PyDict_Contains(now, name)) == 0)
      add(name, nullptr);
  return all_concern;
}

// Another name or base is no change of a class's namespace.
bool UnfollowedModules::has_its_parts(const Holder& holder, PyObject* object) {
  const Entries parts = class_parts_of(object, holder.is_class);
  return std::all_of(parts.begin(), parts.end(), [&](const Entry& part) {
    PyObject* before = PyDict_GetItemWithError(holder.names.get(), part.key);
    return !before || is_same(before, part.value);
  });
}

PyObject* UnfollowedModules::constant_at_import(PyObject* holder, const char* name) {
  const std::size_t* index = index_.find(holder);
  if (!index || !call(holders_[*index].object).is(holder)) return nullptr;
  return PyDict_GetItemString(holders_[*index].names.get(), name);
}

std::vector<UnfollowedModules::Change> UnfollowedModules::changed() const {
  std::vector<Change> found;
  for (const Holder& holder : holders_) {
    if (holder.extent == Extent::kNames) continue;
    const Ref object = call(holder.object);
    if (object.is(Py_None)) continue;
    if (!holder.is_class && is_own_module(object.get())) continue;  // which all names are saved of
    const std::uint64_t version = frames::dict_version(namespace_of(object.get(), holder.is_class));
    if (version == holder.unchanged_at && has_its_parts(holder, object.get())) continue;
    if (has_left_modules(holder.place.get(), call(holder.module).get())) continue;
    const std::size_t known = found.size();
    const bool all_concern = add_changes(holder, object.get(), found);
    holder.unchanged_at = all_concern && found.size() == known ? version : 0;
  }
  return found;
}

}  // namespace chkpt::heap
