// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/addresses_in_use.hpp"

#include "python/frames/stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

void check(Saver& saver, PyObject* value) {
  if (PyCell_Check(value)) value = PyCell_GET(value);
  if (!value || !is_ctypes_object(value) || saver.is_excluded(value)) return;
  if (saver.rule_of(Py_TYPE(value)).reduce != reduce_ctypes_data) return;
  try {
    check_ctypes_addresses(saver, value);
  } catch (const CannotSave& problem) {
    saver.refuse_late(value, nullptr, problem.what());
  }
}

void check_list(Saver& saver, PyObject* values) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values); ++i) check(saver, PyList_GET_ITEM(values, i));
}

void check_dict(Saver& saver, PyObject* names) {
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(names, &position, &name, &value);) check(saver, value);
}

void check_frame(Saver& saver, PyObject* frame) {
  check_list(saver, PyList_GET_ITEM(frame, frames::kLocals));
  check_list(saver, PyList_GET_ITEM(frame, frames::kStack));
  PyObject* locals = PyList_GET_ITEM(frame, frames::kLocalsDict);
  if (PyDict_Check(locals)) return check_dict(saver, locals);
  PyObject* code = PyList_GET_ITEM(frame, frames::kCode);
  const bool of_module = (reinterpret_cast<PyCodeObject*>(code)->co_flags & CO_OPTIMIZED) == 0;
  PyObject* function = PyList_GET_ITEM(frame, frames::kFunction);
  if (of_module && PyFunction_Check(function)) check_dict(saver, PyFunction_GET_GLOBALS(function));
}

}  // namespace

void check_addresses_in_use(Saver& saver) {
  const frames::StackState* stack = saver.request().stack;
  if (!stack) return;
  for (Py_ssize_t i = PyList_GET_SIZE(stack->frames.get()); i-- > 0;)
    check_frame(saver, PyList_GET_ITEM(stack->frames.get(), i));
}

}  // namespace chkpt::heap
