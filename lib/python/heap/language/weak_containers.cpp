// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/weak_containers.hpp"

#include <algorithm>

#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"

namespace chkpt::heap {

// A WeakSet has a set of references, a WeakValueDictionary a dict of them.
void WeakMembers::add(PyObject* container) {
  const Ref place = library_place_of(container);
  const Ref data = attr_or_null(container, "data");
  if (!place || !data) return;
  if (has_weak_keys(container))
    return entries_.look_at(container, place, [&](PyObject* key) { order_.insert(key, 0); });
  Container found{place, {}};
  const auto take = [&](PyObject* key, PyObject* reference) {
    PyObject* member = PyWeakref_Check(reference) ? PyWeakref_GET_OBJECT(reference) : Py_None;
    if (member == Py_None || (key && !is_atom(key))) return;
    found.members.emplace_back(key ? Ref::borrow(key) : Ref(), Ref::borrow(member));
    order_.insert(member, 0);
  };
  if (PyDict_Check(data.get())) {
    PyObject *key = nullptr, *reference = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(data.get(), &at, &key, &reference);) take(key, reference);
  } else if (PyAnySet_Check(data.get())) {
    const Ref references = own(PySequence_List(data.get()));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(references.get()); ++i)
      take(nullptr, PyList_GET_ITEM(references.get(), i));
  }
  if (!found.members.empty()) containers_.push_back(std::move(found));
}

void WeakMembers::look() {
  if (!library_baseline()) return;
  for (PyObject* container : library_baseline()->nodes.weak_containers()) add(container);
}

Ref WeakMembers::entries_met() {
  return entries_.met_now([&](PyObject* key) { return *order_.find(key) > 0; });
}

Ref WeakMembers::met() {
  Ref all = new_list();
  for (const Container& container : containers_) {
    std::vector<std::pair<int, Ref>> members;
    for (const auto& [key, member] : container.members)
      if (const int order = *order_.find(member.get()); order > 0)
        members.emplace_back(order, pack(key ? key : none(), member));
    std::stable_sort(members.begin(), members.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const Ref list = new_list();
    for (const auto& [order, member] : members) append(list, member);
    if (!members.empty()) append(all, pack(container.place, list));
  }
  return all;
}

void restore_weak_members(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject *place = item(PyList_GET_ITEM(saved, i), 0),
             *members = item(PyList_GET_ITEM(saved, i), 1);
    if (!PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0))) continue;
    const Ref container = library_object_at(place);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(members); ++k) {
      PyObject *key = item(PyList_GET_ITEM(members, k), 0),
               *member = item(PyList_GET_ITEM(members, k), 1);
      if (key == Py_None && attr_or_null(container.get(), "add"))
        call_method(container, "add", member);
      else
        ok(PyObject_SetItem(container.get(), key, member));
    }
  }
}

}  // namespace chkpt::heap
