// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/typed_views.hpp"

#include <string>
#include <vector>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/numpy_arrays.hpp"

namespace chkpt::heap {
namespace {

// Arrays that nobody but the tuple has.
std::vector<PyObject*> new_arrays(PyObject* arguments) {
  std::vector<PyObject*> found;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i) {
    PyObject* one = PyTuple_GET_ITEM(arguments, i);
    if (Py_REFCNT(one) == 1 && is_array(one) && array_flag(one, "owndata")) found.push_back(one);
  }
  return found;
}

// The array that an attribute is a typed memoryview of; null for other attributes.
Ref array_under(PyObject* object, const char* name) {
  Ref value = Ref::steal(PyObject_GetAttrString(object, name));
  if (!value) PyErr_Clear();
  if (!value) return {};
  const std::string type = Py_TYPE(value.get())->tp_name;
  if (!ends_with(type, ".memoryview") && !ends_with(type, "._memoryviewslice")) return {};
  Ref array = attr_or_null(value.get(), "base");
  return array && is_array(array.get()) ? array : Ref();
}

bool is_among(PyObject* array, PyObject* arguments) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i) {
    PyObject* one = PyTuple_GET_ITEM(arguments, i);
    if (is_array(one) && address_of(one) == address_of(array)) return true;
  }
  return false;
}

}  // namespace

void check_arrays_stay_shared(PyObject* object, PyObject* reduce_value) {
  if (!loaded_module("numpy") || !PyTuple_Check(reduce_value) ||
      PyTuple_GET_SIZE(reduce_value) < 2 || !PyTuple_Check(item(reduce_value, 1)))
    return;
  PyObject* arguments = item(reduce_value, 1);
  if (new_arrays(arguments).empty()) return;
  for (PyTypeObject* type = Py_TYPE(object); type; type = type->tp_base)
    for (const PyGetSetDef* shown = type->tp_getset; shown && shown->name; ++shown) {
      const Ref array = array_under(object, shown->name);
      if (array && !is_among(array.get(), arguments))
        refuse(std::string("its .") + shown->name +
               " is the memory of an array, of which its own pickling makes a copy");
    }
}

}  // namespace chkpt::heap
