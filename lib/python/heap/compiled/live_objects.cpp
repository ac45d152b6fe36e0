// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/live_objects.hpp"

#include <algorithm>
#include <cstring>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

std::uintptr_t address(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

// Its second word is its type, its first one counts references: memory that has been freed holds
// nothing there, or an address.
struct Head {
  std::uintptr_t count, type;
};
constexpr std::uintptr_t kMostReferences = std::uintptr_t{1} << 32;

// Objects of the language that the collector leaves alone when nothing in them can form a cycle.
bool may_be_untracked(PyTypeObject* type) {
  return !PyType_IS_GC(type) || type == &PyTuple_Type || type == &PyDict_Type;
}

}  // namespace

std::vector<PyTypeObject*> live_types() {
  const Ref subclasses = attr(raw(&PyType_Type), "__subclasses__");
  std::vector<PyTypeObject*> types{&PyBaseObject_Type};
  std::unordered_set<PyTypeObject*> known{&PyBaseObject_Type};
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Ref found = call(subclasses, raw(types[i]));
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(found.get()); ++k) {
      auto* type = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(found.get(), k));
      if (known.insert(type).second) types.push_back(type);
    }
  }
  return types;
}

LiveObjects::LiveObjects(std::vector<std::uintptr_t> addresses) {
  for (PyTypeObject* type : live_types()) types_.insert(address(type));
  std::sort(addresses.begin(), addresses.end());
  for (const std::uintptr_t place : addresses)
    if (is_type(place) || is_unknown_to_collector(place)) found_.insert(place);
  const Ref tracked = collector_objects();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(tracked.get()); ++i) {
    const std::uintptr_t place = address(PyList_GET_ITEM(tracked.get(), i));
    if (std::binary_search(addresses.begin(), addresses.end(), place)) found_.insert(place);
  }
}

PyObject* LiveObjects::at(std::uintptr_t place) const {
  return found_.count(place) ? reinterpret_cast<PyObject*>(place) : nullptr;  // NOLINT
}

bool LiveObjects::is_unknown_to_collector(std::uintptr_t place) const {
  if (place % alignof(Head) != 0 || !memory_.contains(place, sizeof(Head))) return false;
  Head head{};
  std::memcpy(&head, reinterpret_cast<const void*>(place), sizeof head);  // NOLINT
  return head.count > 0 && head.count <= kMostReferences && is_type(head.type) &&
         may_be_untracked(reinterpret_cast<PyTypeObject*>(head.type));  // NOLINT
}

}  // namespace chkpt::heap
