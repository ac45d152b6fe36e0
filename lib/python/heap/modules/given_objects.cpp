// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/given_objects.hpp"

#include <array>

namespace chkpt::heap {
namespace {

constexpr std::array<const char*, 3> kStreams = {"stdin", "stdout", "stderr"};
// References; null where there is none.
std::array<PyObject*, kStreams.size()> g_first_streams{};

bool any_given(GivenObjects& given, PyObject* tuple) {
  for (Py_ssize_t i = 0; tuple && i < PyTuple_GET_SIZE(tuple); ++i)
    if (given.find(PyTuple_GET_ITEM(tuple, i))) return true;
  return false;
}

}  // namespace

void note_first_streams() {
  for (std::size_t i = 0; i < kStreams.size(); ++i)
    g_first_streams.at(i) = Py_XNewRef(PySys_GetObject(kStreams.at(i)));
}

void forget_first_streams() {
  for (PyObject*& stream : g_first_streams) Py_CLEAR(stream);
}

void add_streams_of_script(GivenObjects& given) {
  for (std::size_t i = 0; i < kStreams.size(); ++i) {
    PyObject* now = PySys_GetObject(kStreams.at(i));
    if (now && now != Py_None && now != g_first_streams.at(i)) given.insert(now, true);
  }
}

bool is_object_of_its_own(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  if (type == &PyLong_Type) {
    constexpr long kFirstShared = -5, kLastShared = 256;
    int overflow = 0;
    const long number = PyLong_AsLongAndOverflow(value, &overflow);
    return overflow != 0 || number < kFirstShared || number > kLastShared;
  }
  if (type == &PyUnicode_Type)
    return PyUnicode_GET_LENGTH(value) > 1 && !PyUnicode_CHECK_INTERNED(value);
  if (type == &PyBytes_Type) return PyBytes_GET_SIZE(value) > 1;
  if (type == &PyTuple_Type) return PyTuple_GET_SIZE(value) > 0;
  return value != Py_None && value != Py_NotImplemented && value != Py_Ellipsis &&
         type != &PyBool_Type && !PyModule_Check(value);
}

bool is_given(GivenObjects& given, PyObject* value) {
  return given.size() > 0 &&
         (given.find(value) || (PyTuple_CheckExact(value) && any_given(given, value)));
}

bool keeps_given(GivenObjects& given, PyObject* function) {
  if (given.size() == 0 || !PyFunction_Check(function)) return false;
  const auto* parts = reinterpret_cast<PyFunctionObject*>(function);
  if (any_given(given, parts->func_defaults)) return true;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0;
       parts->func_kwdefaults && PyDict_Next(parts->func_kwdefaults, &at, &name, &value);)
    if (given.find(value)) return true;
  PyObject* cells = parts->func_closure;
  for (Py_ssize_t i = 0; cells && i < PyTuple_GET_SIZE(cells); ++i) {
    PyObject* variable = PyCell_GET(PyTuple_GET_ITEM(cells, i));
    if (variable && given.find(variable)) return true;
  }
  return false;
}

}  // namespace chkpt::heap
