// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/ctypes_layout.hpp"

#include <cstring>
#include <string>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"

namespace chkpt::heap {
namespace {

bool data_is_known() {
  static const bool known = [] {
    const Ref module = import("_ctypes");
    const Ref simple = attr(module, "_SimpleCData"),
              simple_type = Ref::borrow(Py_TYPE(simple.get()));
    const Ref attributes = new_dict();
    put(attributes, "_type_", text("i"));
    const Ref type = call(simple_type, text("probe"), pack(simple), attributes);
    const Ref made = call(type, number(5));
    const auto& data = *reinterpret_cast<const CtypesData*>(made.get());
    const Ref address = call_method(module, "addressof", made);
    int value = 0;
    std::memcpy(&value, data.small.bytes, sizeof value);
    return Py_TYPE(made.get())->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(CtypesData)) &&
           reinterpret_cast<long long>(data.memory) == integer(address.get()) &&
           data.memory == data.small.bytes && value == 5 && data.frees_memory == 1 && !data.base &&
           data.size == sizeof(int) && data.length == 0 && data.index == 0 && !data.kept;
  }();
  return known;
}

bool function_is_known() {
  static const bool known = [] {
    const Ref base = attr(import("_ctypes"), "CFuncPtr");
    const Ref attributes = new_dict();
    put(attributes, "_flags_", number(1));
    put(attributes, "_argtypes_", own(PyTuple_New(0)));
    put(attributes, "_restype_", none());
    const Ref type = call(Ref::borrow(Py_TYPE(base.get())), text("probe"), pack(base), attributes);
    const Ref callable = attr(import("builtins"), "len");
    const Ref made = call(type, callable);
    const auto& function = *reinterpret_cast<const CtypesFunction*>(made.get());
    return reinterpret_cast<PyTypeObject*>(base.get())->tp_basicsize == sizeof(CtypesFunction) &&
           function.callable == callable.get() && function.thunk && attr(made, "_objects") &&
           !function.argtypes && !function.paramflags;
  }();
  return known;
}

}  // namespace

bool is_ctypes_type(PyTypeObject* type) {
  PyTypeObject* metaclass = Py_TYPE(type);
  while (metaclass && metaclass != &PyType_Type && frames::is_python_class(metaclass))
    metaclass = metaclass->tp_base;
  return metaclass && std::strncmp(metaclass->tp_name, "_ctypes.", 8) == 0;
}

CtypesKind ctypes_kind(PyTypeObject* type) {
  const struct {
    const char* name;
    CtypesKind kind;
  } kinds[] = {
      {"_ctypes._SimpleCData", CtypesKind::kSimple}, {"_ctypes.Array", CtypesKind::kArray},
      {"_ctypes.Structure", CtypesKind::kStructure}, {"_ctypes.Union", CtypesKind::kUnion},
      {"_ctypes._Pointer", CtypesKind::kPointer},    {"_ctypes.CFuncPtr", CtypesKind::kFunction}};
  const PyTypeObject* base = layout_of(type).native_base;
  for (const auto& entry : kinds)
    if (std::strcmp(base->tp_name, entry.name) == 0) return entry.kind;
  refuse(std::string("a ctypes class of another kind, ") + base->tp_name);
}

CtypesData& ctypes_data(PyObject* object) {
  if (!data_is_known()) refuse("ctypes objects are laid out in an unknown way");
  return *reinterpret_cast<CtypesData*>(object);
}

CtypesFunction& ctypes_function(PyObject* object) {
  if (!function_is_known()) refuse("ctypes functions are laid out in an unknown way");
  return *reinterpret_cast<CtypesFunction*>(object);
}

}  // namespace chkpt::heap
