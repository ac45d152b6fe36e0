// SPDX-License-Identifier: BSD-3-Clause
// functools.partial: its own way of pickling gives the function to the constructor, which cannot be
// followed where the function leads back to the object. Here all that it holds is state.
#include <Python.h>

#include <cstring>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref rebuild_partial(Args args) { return call(args[0], partial_placeholder()); }
const Rebuilder make_partial{"partial", guarded<rebuild_partial>};
Ref fill_partial(Args args) {
  call_method(args[0], "__setstate__", args[1]);
  return none();
}
const Rebuilder set_partial{"partial.state", guarded<fill_partial>};

}  // namespace

bool is_partial_type(PyTypeObject* type) {
  return std::strcmp(type->tp_name, "functools.partial") == 0;
}

// In place of the function that the object is made around, until it has its state. Not a partial
// object, which the constructor would take apart.
PyObject* partial_placeholder() { return raw(&PyType_Type); }

Ref reduce_partial(Saver&, PyObject* object, Rule& rule) {
  const Ref value = call_method(object, "__reduce__");
  return reduced(make_partial, pack(rule.type), Ref::borrow(item(value.get(), 2)), set_partial);
}

}  // namespace chkpt::heap
