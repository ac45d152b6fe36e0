// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/error.hpp"

namespace chkpt {
namespace {

std::string utf8_or(PyObject* text, const char* otherwise) {
  Py_ssize_t size = 0;
  const char* bytes = text ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
  if (bytes) return std::string(bytes, static_cast<std::size_t>(size));
  PyErr_Clear();
  return otherwise;
}

}  // namespace

std::string take_exception_text() {
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (!type) return "";
  PyErr_NormalizeException(&type, &value, &traceback);
  std::string text = reinterpret_cast<PyTypeObject*>(type)->tp_name;
  PyObject* message = value ? PyObject_Str(value) : nullptr;
  const std::string detail = utf8_or(message, "<unprintable>");
  if (!detail.empty()) text += ": " + detail;
  Py_XDECREF(message);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  PyErr_Clear();
  return text;
}

void throw_pending_exception() {
  const std::string text = take_exception_text();
  throw PythonError(text.empty() ? "a Python call failed without an exception" : text);
}

}  // namespace chkpt
