// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/weak_containers.hpp"

#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"

namespace chkpt::heap {
namespace {

// What loops over a container put into it, so that it keeps the entries of members that die.
constexpr const char* kGuards = "_iterating";

Ref guards_of(PyObject* container) {
  const Ref guards = attr_or_null(container, kGuards);
  return guards && PyAnySet_Check(guards.get()) ? own(PySequence_List(guards.get())) : new_list();
}

void put_member(const Ref& container, PyObject* key, PyObject* member) {
  if (key == Py_None && attr_or_null(container.get(), "add"))
    call_method(container, "add", member);
  else
    ok(PyObject_SetItem(container.get(), key, member));
}

}  // namespace

// A WeakSet has a set of references, a WeakValueDictionary a dict of them.
void WeakMembers::add(PyObject* container, const Ref& place) {
  const Ref data = attr_or_null(container, "data");
  if (!place || !data) return;
  Container found{place, guards_of(container), {}};
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(found.guards.get()); ++i)
    met_.insert(PyList_GET_ITEM(found.guards.get(), i), false);
  const auto take = [&](PyObject* key, PyObject* reference) {
    PyObject* member = PyWeakref_Check(reference) ? PyWeakref_GET_OBJECT(reference) : Py_None;
    if (key && !is_atom(key)) return;
    found.members.emplace_back(key ? Ref::borrow(key) : Ref(), Ref::borrow(member));
    if (member != Py_None) met_.insert(member, false);
  };
  if (has_weak_keys(container) && !place.is(container)) {
    entries_.look_at(container, place, found.guards,
                     [&](PyObject* key) { met_.insert(key, false); });
  } else if (PyDict_Check(data.get()) && !has_weak_keys(container)) {
    PyObject *key = nullptr, *reference = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(data.get(), &at, &key, &reference);) take(key, reference);
  } else if (PyAnySet_Check(data.get())) {
    const Ref references = own(PySequence_List(data.get()));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(references.get()); ++i)
      take(nullptr, PyList_GET_ITEM(references.get(), i));
  }
  const bool any = !found.members.empty() || PyList_GET_SIZE(found.guards.get()) > 0;
  if (any) containers_.push_back(std::move(found));
}

void WeakMembers::look(const std::vector<Ref>& named) {
  if (!library_baseline()) return;
  for (PyObject* container : library_baseline()->nodes.weak_containers())
    add(container, library_place_of(container));
  for (const Ref& container : named) add(container.get(), container);
}

Ref WeakMembers::entries_met() {
  return entries_.met_now([&](PyObject* key) { return *met_.find(key); });
}

Ref WeakMembers::met() {
  const auto is_met = [&](PyObject* object) { return *met_.find(object); };
  Ref all = new_list();
  for (const Container& container : containers_) {
    const Ref guards = new_list(), members = new_list();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(container.guards.get()); ++i)
      if (PyObject* guard = PyList_GET_ITEM(container.guards.get(), i); is_met(guard))
        append(guards, Ref::borrow(guard));
    const bool is_looped_over = PyList_GET_SIZE(guards.get()) > 0;
    for (const auto& [key, member] : container.members)
      if (member.is(Py_None) ? is_looped_over && key : is_met(member.get()))
        append(members, pack(key ? key : none(), member));
    if (is_looped_over || PyList_GET_SIZE(members.get()) > 0)
      append(all, pack(container.place, members, guards));
  }
  return all;
}

namespace {

// Null if the script has taken its module away.
Ref told_container(PyObject* told) {
  if (!PyTuple_Check(told)) return Ref::borrow(told);
  const bool is_there = PyDict_GetItemWithError(PyImport_GetModuleDict(), item(told, 0)) != nullptr;
  return is_there ? library_object_at(told) : Ref();
}

}  // namespace

void restore_weak_members(PyObject* saved) {
  constexpr Py_ssize_t kGuardsItem = 2;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* one = PyList_GET_ITEM(saved, i);
    PyObject* members = item(one, 1);
    const Ref container = told_container(item(one, 0));
    if (!container) continue;
    if (PyTuple_GET_SIZE(one) > kGuardsItem)  // not in older snapshots
      call_method(attr(container, kGuards), "update", item(one, kGuardsItem));
    std::vector<Ref> dying;  // at the end: what is put in makes room of entries of the dead
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(members); ++k) {
      PyObject *key = item(PyList_GET_ITEM(members, k), 0),
               *member = item(PyList_GET_ITEM(members, k), 1);
      if (member == Py_None) member = dying.emplace_back(short_lived()).get();
      put_member(container, key, member);
    }
  }
}

}  // namespace chkpt::heap
