// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/abc_registrations.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Every registration changes it.
Ref token_now() { return call_method(import("_abc"), "get_cache_token"); }

}  // namespace

AbcRegistrations& AbcRegistrations::known() {
  static auto* known = new AbcRegistrations;
  return *known;
}

bool AbcRegistrations::are_old() {
  return !token_ || ok(PyObject_RichCompareBool(token_.get(), token_now().get(), Py_EQ)) == 0;
}

void AbcRegistrations::renew(const std::vector<PyObject*>& abstract_classes) {
  token_ = token_now();
  pairs_.clear();
  const Ref get_dump = attr(import("_abc"), "_get_dump");
  for (PyObject* abstract : abstract_classes) {
    const Ref dump = call(get_dump, abstract);
    if (PySet_GET_SIZE(item(dump.get(), 0)) == 0) continue;
    const Ref members = own(PySequence_List(item(dump.get(), 0)));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(members.get()); ++i)
      pairs_.emplace_back(own(PyWeakref_NewRef(abstract, nullptr)),
                          Ref::borrow(PyList_GET_ITEM(members.get(), i)));
  }
}

std::vector<std::pair<Ref, Ref>> AbcRegistrations::all() const {
  std::vector<std::pair<Ref, Ref>> alive;
  for (const auto& [abstract, registered] : pairs_) {
    Ref one = call(abstract.get()), other = call(registered.get());
    if (!one.is(Py_None) && PyType_Check(other.get()))
      alive.emplace_back(std::move(one), std::move(other));
  }
  return alive;
}

}  // namespace chkpt::heap
