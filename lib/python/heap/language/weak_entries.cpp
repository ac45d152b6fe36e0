// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/weak_entries.hpp"

#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {
namespace {

// Known by their address: a library's dict lives as long as its module.
PointerTable<bool>& left_out() {
  static auto* dicts = new PointerTable<bool>;
  return *dicts;
}

template <class Visit>
void each_entry(PyObject* dict, Visit visit) {
  const Ref data = attr_or_null(dict, "data");
  PyObject *reference = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0;
       data && PyDict_Check(data.get()) && PyDict_Next(data.get(), &at, &reference, &value);) {
    PyObject* key = PyWeakref_Check(reference) ? PyWeakref_GET_OBJECT(reference) : Py_None;
    if (key == Py_None || !library_place_of(key)) visit(key, value);
  }
}

bool any_of_list(const Ref& list, const std::function<bool(PyObject*)>& is) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
    if (is(PyList_GET_ITEM(list.get(), i))) return true;
  return false;
}

Ref all_values(PyObject* dict) {
  const Ref values = new_list();
  each_entry(dict, [&](PyObject* key, PyObject* value) {
    if (key != Py_None) append(values, Ref::borrow(value));
  });
  return values;
}

}  // namespace

void WeakEntries::look_at(PyObject* dict, const Ref& place, const Ref& guards,
                          const std::function<void(PyObject*)>& want) {
  if (left_out().find(dict)) return;
  Dict found{place, guards, {}};
  each_entry(dict, [&](PyObject* key, PyObject* value) {
    if (key != Py_None) want(key);
    found.entries.push_back({Ref::borrow(key), Ref::borrow(value)});
  });
  if (!found.entries.empty()) dicts_.push_back(std::move(found));
}

Ref WeakEntries::met_now(const std::function<bool(PyObject*)>& met) {
  Ref all = new_list();
  for (Dict& dict : dicts_) {
    const Ref entries = new_list();
    const bool is_looped_over = any_of_list(dict.guards, met);
    for (std::size_t i = 0; i < dict.entries.size(); ++i) {
      Entry& entry = dict.entries[i];
      if (entry.taken || !(entry.key.is(Py_None) ? is_looped_over : met(entry.key.get()))) continue;
      entry.taken = true;
      append(entries, pack(number(static_cast<long long>(i)), entry.key, entry.value));
    }
    if (PyList_GET_SIZE(entries.get()) > 0) append(all, pack(dict.place, entries));
  }
  return all;
}

// Weakly referable, and equal to itself only.
Ref short_lived() { return call(attr(import("_functools"), "partial"), &PyLong_Type); }

void restore_weak_entries(PyObject* batches) {
  const Ref by_place = new_dict();
  std::vector<Ref> dying;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(batches); ++i) {
    PyObject* batch = PyList_GET_ITEM(batches, i);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(batch); ++k) {
      PyObject *place = item(PyList_GET_ITEM(batch, k), 0),
               *entries = item(PyList_GET_ITEM(batch, k), 1);
      const Ref known = call_method(by_place, "setdefault", place, new_list());
      ok(PyList_SetSlice(known.get(), PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, entries));
    }
  }
  PyObject *place = nullptr, *entries = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(by_place.get(), &at, &place, &entries);) {
    if (!PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0))) continue;
    const Ref dict = library_object_at(place);
    ok(PyList_Sort(entries));  // by their numbers, no two of which are the same
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(entries); ++k) {
      PyObject* key = item(PyList_GET_ITEM(entries, k), 1);
      if (key == Py_None) key = dying.emplace_back(short_lived()).get();
      ok(PyObject_SetItem(dict.get(), key, item(PyList_GET_ITEM(entries, k), 2)));
    }
  }
}

bool leave_out_unsaveable_entries(const std::function<std::string(PyObject* value)>& why_not) {
  bool any = false;
  if (!library_baseline()) return any;
  for (PyObject* dict : library_baseline()->nodes.weak_containers()) {
    const Ref place =
        has_weak_keys(dict) && !left_out().find(dict) ? library_place_of(dict) : Ref();
    const std::string why = place ? why_not(all_values(dict).get()) : "";
    if (why.empty()) continue;
    left_out().insert(dict, true);
    log::event("not saved: what " + place_text(place.get()) + " keeps of objects: " + why);
    any = true;
  }
  return any;
}

}  // namespace chkpt::heap
