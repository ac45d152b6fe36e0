// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include <cstring>

#include "python/heap/language/iterated_as_itself.hpp"

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/rebuilder.hpp"

namespace chkpt::heap {
namespace {

bool asks_its_class(PyObject* source) {
  PyTypeObject* type = Py_TYPE(source);
  return frames::is_python_class(type) && type->tp_iter != PyObject_SelfIter;
}

// For classes that have no __next__ yet: one is looked for, not called.
PyObject* no_next(PyObject*) { return nullptr; }

// (type, arguments)
Ref rebuild_over_iterators(Args args) {
  IteratedAsItself sources;
  sources.add_all(args[1]);
  return own(PyObject_CallObject(args[0], args[1]));
}
const Rebuilder make_over_iterators{"over_iterators", guarded<rebuild_over_iterators>};

// iter(sequence) as the C type below its class does it.
Ref rebuild_over_sequence(Args args) {
  for (PyTypeObject* base : {&PyTuple_Type, &PyUnicode_Type, &PyBytes_Type, &PyByteArray_Type})
    if (PyObject_TypeCheck(args[0], base)) return own(base->tp_iter(args[0]));
  return own(PySeqIter_New(args[0]));
}
const Rebuilder make_over_sequence{"over_sequence", guarded<rebuild_over_sequence>};

Ref made_by(const Rebuilder& maker, const Ref& arguments, const Ref& reduce_value) {
  const Ref parts = own(PySequence_List(reduce_value.get()));
  ok(PyList_SetItem(parts.get(), 0, Py_NewRef(maker.function())));
  ok(PyList_SetItem(parts.get(), 1, Py_NewRef(arguments.get())));
  return own(PyList_AsTuple(parts.get()));
}

bool goes_through_a_sequence(PyTypeObject* type) {
  return type == &PyTupleIter_Type || type == &PySeqIter_Type || type == &PyBytesIter_Type ||
         type == &PyByteArrayIter_Type || type == &PyUnicodeIter_Type ||
         std::strcmp(type->tp_name, "str_ascii_iterator") == 0;
}

}  // namespace

IteratedAsItself::~IteratedAsItself() {
  for (const Kept& kept : kept_) {
    kept.type->tp_iter = kept.iter;
    kept.type->tp_iternext = kept.next;
  }
}

void IteratedAsItself::add(PyObject* source) {
  if (!asks_its_class(source)) return;
  PyTypeObject* type = Py_TYPE(source);
  kept_.push_back({type, type->tp_iter, type->tp_iternext});
  type->tp_iter = PyObject_SelfIter;
  if (!PyIter_Check(source)) type->tp_iternext = no_next;
}

void IteratedAsItself::add_all(PyObject* arguments) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i) add(PyTuple_GET_ITEM(arguments, i));
}

Ref made_from_iterators(const Ref& reduce_value, PyTypeObject* type) {
  if (!type->tp_iternext || !PyTuple_Check(reduce_value.get())) return reduce_value;
  PyObject* arguments = item(reduce_value, 1);
  if (!PyTuple_CheckExact(arguments)) return reduce_value;
  bool asks = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i)
    asks = asks || asks_its_class(PyTuple_GET_ITEM(arguments, i));
  if (asks && item(reduce_value, 0) == raw(type))
    return made_by(make_over_iterators, pack(type, arguments), reduce_value);
  if (asks && goes_through_a_sequence(type))  // (iter, (sequence,), index)
    return made_by(make_over_sequence, Ref::borrow(arguments), reduce_value);
  return reduce_value;
}

}  // namespace chkpt::heap
