// SPDX-License-Identifier: BSD-3-Clause
// Which class a dict is the namespace of. Such a dict belongs to its class: it is never saved by
// itself, but found again as the class's.
#pragma once

#include "python/ref.hpp"

#include <unordered_map>

namespace chkpt::heap {

// Of one save, during which no class is made. Asked about few dicts, so the table of all classes
// is made at the first question that needs it.
class Namespaces {
 public:
  PyTypeObject* owner_of(PyObject* object);  // null: not the namespace of a Python class

 private:
  void collect();

  std::unordered_map<PyObject*, PyTypeObject*> owners_;
  bool collected_ = false;
};

}  // namespace chkpt::heap
