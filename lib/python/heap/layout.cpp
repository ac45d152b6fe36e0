// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>
#include <structmember.h>

#include "python/heap/layout.hpp"

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {

// type_new() puts the PyMemberDef array of __slots__ behind the (variable-size) type object.
std::vector<Slot> own_slots(PyTypeObject* type) {
  std::vector<Slot> slots;
  const auto* members = reinterpret_cast<const PyMemberDef*>(reinterpret_cast<const char*>(type) +
                                                             Py_TYPE(type)->tp_basicsize);
  for (Py_ssize_t i = 0; i < Py_SIZE(type); ++i)
    slots.push_back({members[i].name, members[i].offset});
  return slots;
}

Ref type_namespace(PyTypeObject* type) {
#if PY_VERSION_HEX >= 0x030C0000
  return own(PyType_GetDict(type));
#else
  return Ref::borrow(type->tp_dict);
#endif
}

bool has_dict(PyTypeObject* type) { return type->tp_dictoffset != 0; }
bool has_weakrefs(PyTypeObject* type) { return type->tp_weaklistoffset != 0; }

namespace {

// C classes that only add methods, such as typing.Generic.
bool adds_nothing(const PyTypeObject* type) {
  return type != &PyBaseObject_Type && type->tp_basicsize == PyBaseObject_Type.tp_basicsize &&
         type->tp_itemsize == 0 && type->tp_new == PyBaseObject_Type.tp_new;
}

}  // namespace

Layout layout_of(PyTypeObject* type) {
  Layout layout{{}, nullptr, has_dict(type)};
  PyObject* mro = type->tp_mro;
  for (Py_ssize_t i = PyTuple_GET_SIZE(mro); i-- > 0;) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    if (!frames::is_python_class(base)) continue;
    for (const Slot& slot : own_slots(base)) layout.slots.push_back(slot);
  }
  layout.native_base = type;
  while (frames::is_python_class(layout.native_base) || adds_nothing(layout.native_base))
    layout.native_base = layout.native_base->tp_base;
  return layout;
}

Ref instance_dict(PyObject* object) {
  PyObject* dict = PyObject_GenericGetDict(object, nullptr);
  if (!dict) {
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw Raised{};
    PyErr_Clear();
  }
  return Ref::steal(dict);
}

// Through the descriptor that type.__new__ made: PyObject_GenericSetDict() of 3.13 leaves values
// that are stored inside the instance in force.
void set_instance_dict(PyObject* object, PyObject* dict) {
  PyObject* mro = Py_TYPE(object)->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    auto* type = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    PyObject* found = frames::is_python_class(type) ? find(type->tp_dict, "__dict__") : nullptr;
    if (!found || Py_TYPE(found) != &PyGetSetDescr_Type) continue;
    ok(Py_TYPE(found)->tp_descr_set(found, object, dict));
    return;
  }
  ok(PyObject_GenericSetDict(object, dict, nullptr));
}

PyObject* slot_value(PyObject* object, const Slot& slot) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + slot.offset);
}

void set_slot_value(PyObject* object, const Slot& slot, PyObject* value_or_null) {
  auto** place = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + slot.offset);
  PyObject* old = *place;
  Py_XINCREF(value_or_null);
  *place = value_or_null;
  Py_XDECREF(old);
}

Py_ssize_t member_offset(PyTypeObject* type, const char* name) {
  PyObject* descriptor = _PyType_Lookup(type, text(name).get());
  if (!descriptor || Py_TYPE(descriptor) != &PyMemberDescr_Type)
    broken(std::string(type->tp_name) + " has changed");
  return reinterpret_cast<PyMemberDescrObject*>(descriptor)->d_member->offset;
}

}  // namespace chkpt::heap
