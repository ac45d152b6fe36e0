// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {

void ReplacedFunction::replace(PyObject* owner, const char* name, int flags, PyCFunction stand_in) {
  const Ref key = checked(PyUnicode_InternFromString(name));
  PyObject* found = PyType_Check(owner)
                        ? _PyType_Lookup(reinterpret_cast<PyTypeObject*>(owner), key.get())
                        : PyDict_GetItemWithError(PyModule_GetDict(owner), key.get());
  PyMethodDef* definition = nullptr;
  if (found && PyCFunction_Check(found))
    definition = reinterpret_cast<PyCFunctionObject*>(found)->m_ml;
  if (found && Py_IS_TYPE(found, &PyMethodDescr_Type))
    definition = reinterpret_cast<PyMethodDescrObject*>(found)->d_method;
  if (!definition || definition->ml_flags != flags) return;
  definition_ = definition;
  original_ = definition->ml_meth;
  definition->ml_meth = stand_in;
}

PyObject* ReplacedFunction::original_of_one(PyObject* argument) const {
  if (definition_->ml_flags & METH_FASTCALL) return original(nullptr, &argument, 1, nullptr);
  const Ref arguments = Ref::steal(PyTuple_Pack(1, argument));
  return arguments ? original(nullptr, arguments.get(), nullptr) : nullptr;
}

PyObject* damaged(PyObject* result) {
  Py_XDECREF(result);
  if (!PyErr_Occurred())
    PyErr_SetString(PyExc_SystemError, "the saved call stack is damaged: a native frame");
  return nullptr;
}

PyObject* keyword_argument(PyObject* const* arguments, Py_ssize_t count, PyObject* names,
                           const char* name) {
  for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i)
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), name) == 0)
      return arguments[count + i];
  return nullptr;
}

}  // namespace chkpt::frames
