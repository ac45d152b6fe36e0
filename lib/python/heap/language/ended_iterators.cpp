// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/ended_iterators.hpp"

#include <cstring>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/rebuilder.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {
namespace {

Ref iter_of(const Ref& object) { return own(PyObject_GetIter(object.get())); }
Ref over_sequence() { return own(PySeqIter_New(pack().get())); }
// tuple() is (): it ends at its first call.
Ref over_calls() { return own(PyCallIter_New(raw(&PyTuple_Type), pack().get())); }
Ref over_bytes() { return iter_of(own(PyBytes_FromString(""))); }
Ref over_bytearray() { return iter_of(own(PyByteArray_FromStringAndSize(nullptr, 0))); }
Ref over_ascii() { return iter_of(text("")); }
Ref over_text() { return iter_of(text("\xc3\xa9")); }
Ref over_array() { return iter_of(call(attr(import("array"), "array"), text("b"))); }

struct Kind {
  const char* type;
  Ref (*make)();
};
const Kind kKinds[] = {{"iterator", over_sequence},        {"callable_iterator", over_calls},
                       {"bytes_iterator", over_bytes},     {"bytearray_iterator", over_bytearray},
                       {"str_ascii_iterator", over_ascii},  // from 3.11 on
                       {"str_iterator", over_text},        {"array.arrayiterator", over_array}};

const Kind* kind_of(const char* type) {
  for (const Kind& kind : kKinds)
    if (std::strcmp(kind.type, type) == 0) return &kind;
  return nullptr;
}

Ref rebuild_ended(Args args) {
  const Kind* kind = kind_of(utf8(args[0]).c_str());
  if (!kind) broken("this chkpt does not know ended iterators of " + utf8(args[0]));
  Ref iterator = kind->make();
  while (Ref::steal(PyIter_Next(iterator.get()))) continue;
  if (PyErr_Occurred()) throw Raised{};
  return iterator;
}
const Rebuilder make_ended{"ended_iterator", guarded<rebuild_ended>};

// (iter, (() or "",)), without a position
bool says_ended(const Ref& reduce_value) {
  if (!PyTuple_Check(reduce_value.get()) || PyTuple_GET_SIZE(reduce_value.get()) != 2) return false;
  PyObject* arguments = item(reduce_value, 1);
  if (!PyTuple_CheckExact(arguments) || PyTuple_GET_SIZE(arguments) != 1) return false;
  PyObject* source = PyTuple_GET_ITEM(arguments, 0);
  return (PyTuple_CheckExact(source) && PyTuple_GET_SIZE(source) == 0) ||
         (PyUnicode_CheckExact(source) && PyUnicode_GET_LENGTH(source) == 0);
}

}  // namespace

Ref made_ended(const Ref& reduce_value, PyTypeObject* type) {
  if (!type->tp_iternext || frames::is_python_class(type) || !says_ended(reduce_value))
    return reduce_value;
  return kind_of(type->tp_name) ? reduced(make_ended, pack(text(type->tp_name))) : reduce_value;
}

}  // namespace chkpt::heap
