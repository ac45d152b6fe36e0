// SPDX-License-Identifier: BSD-3-Clause
// Type variables and `type` aliases, C types from 3.12 on. Python saves them by name only, which
// fails in the script's modules. They are made empty and filled field by field: bounds and values
// may lead back to them, and what was not evaluated yet must stay so.
#include <Python.h>
#include <structmember.h>

#include <cstring>
#include <vector>

#include "python/frames/stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kFlags[] = {"covariant", "contravariant", "infer_variance"};

// All these types begin with object pointers; some end with flags, the first of which is given.
Py_ssize_t end_of_pointers(PyTypeObject* type) {
  const Ref name = text("__covariant__");
  PyObject* flag = _PyType_Lookup(type, name.get());
  if (!flag) return type->tp_basicsize;
  if (Py_TYPE(flag) != &PyMemberDescr_Type) broken("type variables have changed");
  return reinterpret_cast<PyMemberDescrObject*>(flag)->d_member->offset;
}

std::vector<PyObject**> pointers(PyObject* object) {
  std::vector<PyObject**> found;
  auto* bytes = reinterpret_cast<char*>(object);
  const Py_ssize_t end = end_of_pointers(Py_TYPE(object));
  for (Py_ssize_t at = sizeof(PyObject); at < end; at += sizeof(PyObject*))
    found.push_back(reinterpret_cast<PyObject**>(bytes + at));
  return found;
}

// (type's name, name, flags by name)
Ref rebuild_parameter(Args args) {
  const Ref type = attr(import("_typing"), utf8(args[0]).c_str());
  if (utf8(args[0]) == "TypeAliasType") return call(type, args[1], Py_None);
  return call_with(type.get(), pack(args[1]).get(), args[2]);
}
const Rebuilder make_parameter{"typeparam", guarded<rebuild_parameter>};

// (object, (pointers, __dict__ or None))
Ref fill_parameter(Args args) {
  PyObject* values = item(args[1], 0);
  const std::vector<PyObject**> fields = pointers(args[0]);
  if (PyTuple_Size(values) != static_cast<Py_ssize_t>(fields.size()))
    broken("type variables have changed");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    PyObject* value = item(values, static_cast<Py_ssize_t>(i));
    Py_XSETREF(*fields[i], value == frames::null_marker() ? nullptr : Py_NewRef(value));
  }
  if (const Ref dict = instance_dict(args[0])) {
    PyDict_Clear(dict.get());
    if (item(args[1], 1) != Py_None) ok(PyDict_Update(dict.get(), item(args[1], 1)));
  }
  return none();
}
const Rebuilder set_parameter{"typeparam.state", guarded<fill_parameter>};

Ref flags_of(PyObject* object) {
  Ref flags = new_dict();
  for (const char* name : kFlags) {
    const Ref value = attr_or_null(object, (std::string("__") + name + "__").c_str());
    if (value && is_true(value)) put(flags, name, value);
  }
  return flags;
}

// Those of a library are looked up by name. `class C[T]` gives its T no module: it says "typing".
bool belongs_to_library(Saver& saver, PyObject* object, PyObject* name) {
  const Ref module = attr_or_null(object, "__module__");
  if (!module || !PyUnicode_Check(module.get()) || saver.by_value().module_named(module.get()))
    return false;
  const std::string owner = utf8(module.get());
  if (owner == "typing") return raw(loaded_attr("typing", utf8(name).c_str())) == object;
  return is_imported_as(object, module.get(), name);
}

}  // namespace

Ref reduce_type_parameter(Saver& saver, PyObject* object, Rule& rule) {
  const Ref name = attr(object, "__name__");
  if (belongs_to_library(saver, object, name.get())) return reduce_by_default(saver, object, rule);
  const std::vector<PyObject**> fields = pointers(object);
  const Ref values = own(PyTuple_New(static_cast<Py_ssize_t>(fields.size())));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    PyObject* value = *fields[i] ? *fields[i] : frames::null_marker();
    PyTuple_SET_ITEM(values.get(), static_cast<Py_ssize_t>(i), Py_NewRef(value));
  }
  const char* type = std::strrchr(rule.type->tp_name, '.') + 1;
  const Ref dict = instance_dict(object);
  return reduced(make_parameter, pack(text(type), name, flags_of(object)),
                 pack(values, dict ? dict : none()), set_parameter);
}

}  // namespace chkpt::heap
