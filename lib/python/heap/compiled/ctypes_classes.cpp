// SPDX-License-Identifier: BSD-3-Clause
// Classes of ctypes that the script has made. Those that ctypes makes and keeps itself (arrays,
// pointers, prototypes) are asked for again. A structure gets its fields as soon as it exists,
// before anything that may be an instance of it; only then are its attributes put in.
#include <Python.h>

#include <cstring>

#include "python/heap/call.hpp"
#include "python/heap/language/classes.hpp"
#include "python/heap/compiled/ctypes_layout.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

PyObject* own_attribute(PyTypeObject* type, const char* name) { return find(type->tp_dict, name); }

// ---- classes that ctypes itself makes: once for each of what they are made of

// No frame of the script's stands behind it that it could be taken from.
void set_module(const Ref& type, PyObject* module) {
  const Ref now = attr_or_null(type.get(), "__module__");
  if (!now || ok(PyObject_RichCompareBool(now.get(), module, Py_EQ)) == 0)
    set_attr(type.get(), "__module__", module);
}

// (item type, length, module)
Ref rebuild_array_class(Args args) {
  Ref made = own(PySequence_Repeat(args[0], static_cast<Py_ssize_t>(integer(args[1]))));
  set_module(made, args[2]);
  return made;
}
const Rebuilder make_array_class{"ctypes.array_class", guarded<rebuild_array_class>};

// (type, module)
Ref rebuild_pointer_class(Args args) {
  Ref made = call_method(import("ctypes"), "POINTER", args[0]);
  set_module(made, args[1]);
  return made;
}
const Rebuilder make_pointer_class{"ctypes.pointer_class", guarded<rebuild_pointer_class>};

constexpr long long kUseErrno = 8, kUseLastError = 16;

// (result type, argument types, flags)
Ref rebuild_prototype(Args args) {
  const Ref names = new_dict();
  put(names, "use_errno", boolean(integer(args[2]) & kUseErrno));
  put(names, "use_last_error", boolean(integer(args[2]) & kUseLastError));
  const Ref all = own(PySequence_Concat(pack(args[0]).get(), args[1]));
  return call_with(attr(import("ctypes"), "CFUNCTYPE").get(), all.get(), names.get());
}
const Rebuilder make_prototype{"ctypes.prototype", guarded<rebuild_prototype>};

// c_int.__ctype_be__
Ref rebuild_swapped(Args args) { return attr(args[0], "__ctype_be__"); }
const Rebuilder make_swapped{"ctypes.swapped", guarded<rebuild_swapped>};

bool has_only(PyTypeObject* type, std::initializer_list<const char*> names) {
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(type->tp_dict, &position, &name, &value);) {
    bool known = false;
    for (const char* one : names)
      known = known || (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, one) == 0);
    if (!known) return false;
  }
  return true;
}

Ref module_of(PyTypeObject* type) {
  PyObject* module = own_attribute(type, "__module__");
  return module ? Ref::borrow(module) : text("ctypes");
}

Ref reduce_array_class(PyTypeObject* type) {
  PyObject *of = own_attribute(type, "_type_"), *length = own_attribute(type, "_length_");
  if (!of || !length ||
      !has_only(type, {"_type_", "_length_", "__module__", "__dict__", "__doc__", "__weakref__",
                       "raw", "value"}))
    return {};
  const Ref again = own(PySequence_Repeat(of, static_cast<Py_ssize_t>(integer(length))));
  if (!again.is(raw(type))) return {};
  return reduced(make_array_class, pack(of, length, module_of(type)));
}

PyObject* cached(const char* cache, const Ref& key) {
  const Ref all = loaded_attr("ctypes", cache);
  if (!all || !PyDict_Check(all.get())) return nullptr;
  PyObject* found = PyDict_GetItemWithError(all.get(), key.get());
  if (!found && PyErr_Occurred()) PyErr_Clear();
  return found;
}

Ref reduce_pointer_class(PyTypeObject* type) {
  PyObject* of = own_attribute(type, "_type_");
  if (!of || cached("_pointer_type_cache", Ref::borrow(of)) != raw(type) ||
      !has_only(type, {"_type_", "__module__", "__dict__", "__doc__", "__weakref__"}))
    return {};
  return reduced(make_pointer_class, pack(of, module_of(type)));
}

Ref reduce_prototype(PyTypeObject* type) {
  PyObject *arguments = own_attribute(type, "_argtypes_"),
           *result = own_attribute(type, "_restype_"), *flags = own_attribute(type, "_flags_");
  if (!arguments || !result || !flags ||
      cached("_c_functype_cache", pack(result, arguments, flags)) != raw(type) ||
      !has_only(type, {"_argtypes_", "_restype_", "_flags_", "__module__", "__dict__", "__doc__",
                       "__weakref__", "__qualname__", "__static_attributes__", "__firstlineno__"}))
    return {};
  return reduced(make_prototype, pack(result, arguments, flags));
}

// The class that C made along with this one, for the other order of bytes.
Ref reduce_swapped(PyTypeObject* type) {
  PyObject* native = own_attribute(type, "__ctype_le__");
  if (!native || native == raw(type)) return {};
  return reduced(make_swapped, pack(native));
}

Ref reduce_made_by_ctypes(PyTypeObject* type) {
  switch (ctypes_kind(type)) {
    case CtypesKind::kSimple:
      return reduce_swapped(type);
    case CtypesKind::kArray:
      return reduce_array_class(type);
    case CtypesKind::kPointer:
      return reduce_pointer_class(type);
    case CtypesKind::kFunction:
      return reduce_prototype(type);
    case CtypesKind::kStructure:
    case CtypesKind::kUnion:
      break;
  }
  return {};
}

// ---- classes of the script: what must be there when they are made

constexpr const char* kFields = "chkpt.ctypes.fields";

// (class, fields): at once, so that instances can follow. Past a metaclass in Python, which has
// been at work on them before.
Ref rebuild_fields(Args args) {
  PyTypeObject* native = native_metaclass(Py_TYPE(args[0]));
  const Ref name = text("_fields_");
  ok(native->tp_setattro(args[0], name.get(), args[1]));
  return none();
}
const Rebuilder make_fields{"ctypes.fields", guarded<rebuild_fields>};

// In the class's state, where the pickler meets it before the attributes.
Ref fields_of(PyTypeObject* type) {
  if (!own_attribute(type, "_fields_")) return none();
  return own(PyCapsule_New(Py_NewRef(raw(type)), kFields, [](PyObject* capsule) {
    Py_DECREF(static_cast<PyObject*>(PyCapsule_GetPointer(capsule, kFields)));
  }));
}

// A prototype may have itself among its arguments' fields; only ctypes' own can then be found.
void refuse_second_time(Saver& saver, PyTypeObject* type) {
  const Ref mark = own(PyLong_FromVoidPtr(type));
  if (!saver.first_for(reinterpret_cast<const char*>(type) + 1, mark).is(mark.get()))
    refuse("a ctypes class that is made of itself");
}

}  // namespace

Ref reduce_ctypes_fields(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, kFields)) return {};
  auto* type = static_cast<PyTypeObject*>(PyCapsule_GetPointer(capsule, kFields));
  return reduced(make_fields, pack(type, own_attribute(type, "_fields_")));
}

bool is_made_by_ctypes(const char* name, PyObject* value) {
  if (std::strcmp(name, "__ctype_be__") == 0 || std::strcmp(name, "__ctype_le__") == 0) return true;
  if (std::strcmp(name, "from_param") == 0 && Py_TYPE(value) == &PyClassMethodDescr_Type)
    return true;
  return std::strcmp(Py_TYPE(value)->tp_name, "_ctypes.CField") == 0;
}

Ref reduce_ctypes_class(Saver& saver, PyTypeObject* type) {
  if (Ref made = reduce_made_by_ctypes(type)) return made;
  refuse_second_time(saver, type);
  const Ref first = first_class_attributes(type);
  for (const char* name : {"_type_", "_length_", "_flags_", "_argtypes_", "_restype_", "_pack_",
                           "_align_", "_anonymous_", "_swappedbytes_"})
    if (PyObject* value = own_attribute(type, name)) put(first, name, Ref::borrow(value));
  return reduced_class(saver, type, first, fields_of(type));
}

}  // namespace chkpt::heap
