// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/namespaces.hpp"

#include <vector>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {

PyTypeObject* Namespaces::owner_of(PyObject* object) {
  // Every namespace has a __module__; few other dicts do.
  if (!PyDict_CheckExact(object) || !find(object, "__module__")) return nullptr;
  if (!collected_) collect();
  const auto found = owners_.find(object);
  return found == owners_.end() ? nullptr : found->second;
}

void Namespaces::collect() {
  const Ref subclasses = attr(raw(&PyType_Type), "__subclasses__");
  std::vector<PyTypeObject*> pending{&PyBaseObject_Type};
  while (!pending.empty()) {
    PyTypeObject* type = pending.back();
    pending.pop_back();
    const Ref children = call(subclasses, type);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(children.get()); ++i) {
      auto* child = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(children.get(), i));
      // A child of several bases is met several times, but walked through once.
      const bool is_new =
          !frames::is_python_class(child) || owners_.emplace(child->tp_dict, child).second;
      if (is_new) pending.push_back(child);
    }
  }
  collected_ = true;
}

}  // namespace chkpt::heap
