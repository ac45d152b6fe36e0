// SPDX-License-Identifier: BSD-3-Clause
// What C code does with the result of one method in Python: of a class's __init__, None gives way
// to the new object; of an __iter__, it must be an iterator.
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

PyObject* iter_goes_on(Ref /*state*/, PyObject* result) {
  if (!result || PyIter_Check(result)) return result;
  PyErr_Format(PyExc_TypeError, "iter() returned non-iterator of type '%.100s'",
               Py_TYPE(result)->tp_name);
  Py_DECREF(result);
  return nullptr;
}

}  // namespace

const NativeCode kInitCode{"init", construction_goes_on};
const NativeCode kIterCode{"iter", iter_goes_on};

Ref native_frames_for_iter() {
  Ref frames = Ref::steal(Py_BuildValue("[(s())]", kIterCode.name));
  if (!frames) PyErr_Clear();
  return frames;
}

}  // namespace chkpt::frames
