// SPDX-License-Identifier: BSD-3-Clause
// The call of a class: __init__ runs, its None gives way to the new object.
#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {
namespace {

PyObject* construction_goes_on(Ref state, PyObject* result) {
  if (!result) return nullptr;
  PyObject* object = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O", &object)) return damaged(result);
  const Ref returned = Ref::steal(result);
  if (returned.is(Py_None)) return Py_NewRef(object);
  PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'",
               Py_TYPE(result)->tp_name);
  return nullptr;
}

}  // namespace

const NativeCode kInitCode{"init", construction_goes_on};

}  // namespace chkpt::frames
