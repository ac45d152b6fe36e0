// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/pybind11_objects.hpp"

#include <cstring>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// The bits behind the list of weak references, in every version of pybind11 since 2.2:
// pybind11::detail::instance.
constexpr unsigned char kOwned = 1;
constexpr unsigned char kHasPatients = 16;  // keeps others alive: what it refers to

// tp_name is the name alone in some versions, with the module "pybind11_builtins" in others.
bool is_made_by_pybind11(PyTypeObject* type) {
  const char* metaclass = Py_TYPE(type)->tp_name;
  const char* dot = std::strrchr(metaclass, '.');
  return std::strcmp(dot ? dot + 1 : metaclass, "pybind11_type") == 0;
}

}  // namespace

void check_owns_its_value(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (!is_made_by_pybind11(type) || type->tp_weaklistoffset <= 0) return;
  const auto* bits =
      reinterpret_cast<const unsigned char*>(object) + type->tp_weaklistoffset + sizeof(PyObject*);
  if (!(*bits & kOwned) || (*bits & kHasPatients))
    refuse(
        "a part of a C++ object that another object has, of which its own pickling makes a copy");
}

}  // namespace chkpt::heap
