// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/method_order.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

PyTypeObject* as_type(PyObject* object) { return reinterpret_cast<PyTypeObject*>(object); }

PyObject* answer(PyObject* saved, PyObject* type) {
  PyObject* mro = PySequence_List(saved);
  for (Py_ssize_t i = 0; mro && i < PyList_GET_SIZE(mro); ++i)
    if (PyList_GET_ITEM(mro, i) == Py_None) PyList_SetItem(mro, i, Py_NewRef(type));
  return mro;
}

}  // namespace

Ref own_mro(PyTypeObject* type) {
  const Ref name = text("mro");
  if (_PyType_Lookup(Py_TYPE(type), name.get()) == _PyType_Lookup(&PyType_Type, name.get()))
    return none();
  Ref mro = own(PyTuple_New(PyTuple_GET_SIZE(type->tp_mro)));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro.get()); ++i) {
    PyObject* one = PyTuple_GET_ITEM(type->tp_mro, i);
    PyTuple_SET_ITEM(mro.get(), i, Py_NewRef(one == raw(type) ? Py_None : one));
  }
  return mro;
}

// In the metaclass's own namespace, where it keeps its place if it has one.
AnsweredMro::AnsweredMro(PyObject* metaclass, PyObject* mro) {
  if (mro == Py_None) return;
  static PyMethodDef definition = {"mro", answer, METH_O, nullptr};
  const Ref function = own(PyCFunction_New(&definition, mro));
  const Ref method = own(PyInstanceMethod_New(function.get()));
  before_ = Ref::borrow(find(as_type(metaclass)->tp_dict, "mro"));
  ok(PyType_Type.tp_setattro(metaclass, text("mro").get(), method.get()));
  metaclass_ = Ref::borrow(metaclass);
}

AnsweredMro::~AnsweredMro() {
  if (!metaclass_) return;
  const PendingException pending;
  const Ref name = Ref::steal(PyUnicode_FromString("mro"));
  if (PyType_Type.tp_setattro(metaclass_.get(), name.get(), before_.get()) < 0) PyErr_Clear();
}

}  // namespace chkpt::heap
