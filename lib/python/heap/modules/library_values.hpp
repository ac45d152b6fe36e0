// SPDX-License-Identifier: BSD-3-Clause
// Which names of a library module a save has to look at: most are functions, classes and constants,
// which go by name anyway. Sorted out once for each state of the module's dict.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

struct LibraryValues {
  struct Named {
    PyObject* name;
    PyObject* value;
  };
  std::vector<Named> objects;               // may be saved as a reference to the attribute
  std::vector<Named> strings;               // that somebody may compare by identity
  std::vector<Named> c_modules;             // made by C code; may be in no other place
  std::vector<PyObject*> abstract_classes;  // others may be registered with them
};

// Borrowed; valid until the dict changes. Needs the GIL; throws Raised.
const LibraryValues& library_values(PyObject* module_dict);

}  // namespace chkpt::heap
