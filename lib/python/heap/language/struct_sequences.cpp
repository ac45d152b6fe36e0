// SPDX-License-Identifier: BSD-3-Clause
// Tuples of C code whose items have names: time.struct_time, os.stat_result. Their own pickling
// calls the type, and some types (os.sched_param) take no tuple.
#include <Python.h>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kFields = "n_fields";  // also those that only a name leads to

Py_ssize_t fields_of(PyTypeObject* type) {
  return static_cast<Py_ssize_t>(integer(attr(raw(type), kFields).get()));
}

// (type, all items)
Ref rebuild_struct_sequence(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  const Py_ssize_t count = fields_of(type);
  if (PyTuple_GET_SIZE(args[1]) != count) broken(std::string(type->tp_name) + " has changed");
  const Ref made = own(PyStructSequence_New(type));
  for (Py_ssize_t i = 0; i < count; ++i)
    PyStructSequence_SetItem(made.get(), i, Py_NewRef(item(args[1], i)));
  return made;
}
const Rebuilder make_struct_sequence{"struct_sequence", guarded<rebuild_struct_sequence>};

}  // namespace

bool is_struct_sequence(PyTypeObject* type) {
  return !frames::is_python_class(type) && type->tp_base == &PyTuple_Type &&
         find(type_namespace(type).get(), kFields) &&
         find(type_namespace(type).get(), "n_unnamed_fields");
}

Ref reduce_struct_sequence(Saver&, PyObject* object, Rule& rule) {
  const Py_ssize_t count = fields_of(rule.type);
  const Ref items = own(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* one = PyStructSequence_GetItem(object, i);
    PyTuple_SET_ITEM(items.get(), i, Py_NewRef(one ? one : Py_None));
  }
  return reduced(make_struct_sequence, pack(rule.type, items));
}

}  // namespace chkpt::heap
