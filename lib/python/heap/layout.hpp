// SPDX-License-Identifier: BSD-3-Clause
// Where the instances of a class keep their state: slots by offset, whether there is a __dict__,
// and the C type below the Python classes. Read from the type object itself, so attributes that
// hide a slot, or a __slots__ changed later, do not matter.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

struct Slot {
  const char* name;  // mangled as in the class; owned by the type
  Py_ssize_t offset;
};

struct Layout {
  std::vector<Slot> slots;    // base classes first, each in its own order
  PyTypeObject* native_base;  // first type of the MRO that C code made
  bool has_dict;
};

Layout layout_of(PyTypeObject* type);
std::vector<Slot> own_slots(PyTypeObject* python_class);

// The namespace of any type; that of a C type is not in the type itself from 3.12 on.
Ref type_namespace(PyTypeObject* type);

// Where an object of a C type keeps an attribute that can only be read. Throws Raised.
Py_ssize_t member_offset(PyTypeObject* type, const char* name);

bool has_dict(PyTypeObject* type);
bool has_weakrefs(PyTypeObject* type);

// The instance's dict (made if need be), or null without exception if its class has none.
Ref instance_dict(PyObject* object);
// Makes `dict` itself the instance's dict.
void set_instance_dict(PyObject* object, PyObject* dict);

PyObject* slot_value(PyObject* object, const Slot& slot);  // borrowed; null if unset
void set_slot_value(PyObject* object, const Slot& slot, PyObject* value_or_null);

}  // namespace chkpt::heap
