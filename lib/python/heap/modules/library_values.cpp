// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/library_values.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_map>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_contents.hpp"

namespace chkpt::heap {
namespace {

// random.random: its object has another one for everybody who asks.
bool is_method_in_c(PyObject* value) {
  if (!PyCFunction_CheckExact(value)) return false;
  PyObject* self = PyCFunction_GET_SELF(value);
  return self && !PyModule_Check(self) && !PyType_Check(self);
}

// Immutable or saved by name anyway.
bool is_simple(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  return value == Py_None || value == Py_NotImplemented || value == Py_Ellipsis ||
         type == &PyBool_Type || type == &PyLong_Type ||
         (type == &PyFloat_Type && !std::isnan(PyFloat_AS_DOUBLE(value))) ||
         type == &PyComplex_Type || type == &PyUnicode_Type || type == &PyBytes_Type ||
         type == &PyTuple_Type || type == &PyFrozenSet_Type || type == &PyFunction_Type ||
         type == &PyCFunction_Type || PyModule_Check(value) || PyType_Check(value);
}

// Strings of one character exist once anyway.
bool may_be_marker(PyObject* name, PyObject* value) {
  constexpr Py_ssize_t kLongest = 64;
  const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
  return length >= 2 && length <= kLongest && !is_double_underscored(name);
}

bool is_abstract(PyObject* value) {
  if (!PyType_Check(value)) return false;
  auto* type = reinterpret_cast<PyTypeObject*>(value);
  return frames::is_python_class(type) && find(type->tp_dict, "_abc_impl");
}

LibraryValues sorted_out(PyObject* dict) {
  LibraryValues values;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(dict, &position, &name, &value);) {
    if (!PyUnicode_Check(name)) continue;
    if (is_abstract(value)) values.abstract_classes.push_back(value);
    if (PyUnicode_CheckExact(value) && may_be_marker(name, value))
      values.strings.push_back({name, value});
    if (PyModule_Check(value) && PyModule_GetDef(value)) values.c_modules.push_back({name, value});
    if ((!is_simple(value) || is_method_in_c(value)) && !is_module_business(name))
      values.objects.push_back({name, value});
  }
  return values;
}

}  // namespace

const LibraryValues& library_values(PyObject* module_dict) {
  struct Known {
    std::uint64_t version = 0;
    LibraryValues values;
  };
  static auto* known = new std::unordered_map<PyObject*, Known>;
  Known& entry = (*known)[module_dict];
  const std::uint64_t version = frames::dict_version(module_dict);
  if (entry.version != version) entry = {version, sorted_out(module_dict)};
  return entry.values;
}

}  // namespace chkpt::heap
