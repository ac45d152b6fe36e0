// SPDX-License-Identifier: BSD-3-Clause
// Types of C modules that no module has by any name, such as numpy's abstract dtypes, which its
// own dtype.__subclasses__() shows: found again among the subclasses of their base.
#include <Python.h>

#include <cstring>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/rebuilder.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// Null if there is none, or more than one.
Ref only_subclass(PyObject* base, const char* name) {
  const Ref all = call(attr(raw(&PyType_Type), "__subclasses__"), base);
  Ref found;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* type = PyList_GET_ITEM(all.get(), i);
    if (std::strcmp(reinterpret_cast<PyTypeObject*>(type)->tp_name, name) != 0) continue;
    if (found) return {};
    found = Ref::borrow(type);
  }
  return found;
}

Ref rebuild_nameless_type(Args args) {
  Ref type = only_subclass(args[0], utf8(args[1]).c_str());
  if (!type) broken("the type " + utf8(args[1]) + " is not there any more");
  return type;
}
const Rebuilder make_nameless_type{"nameless_type", guarded<rebuild_nameless_type>};

}  // namespace

Ref reduce_nameless_type(PyTypeObject* type) {
  if (frames::is_python_class(type) || !type->tp_base) return {};
  if (!only_subclass(raw(type->tp_base), type->tp_name).is(raw(type))) return {};
  return reduced(make_nameless_type, pack(raw(type->tp_base), text(type->tp_name)));
}

}  // namespace chkpt::heap
