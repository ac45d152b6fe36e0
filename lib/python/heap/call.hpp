// SPDX-License-Identifier: BSD-3-Clause
// Short spelling of Python C API calls for this module. Inside it a failed call throws Raised and
// leaves the Python exception pending, so that it can travel on through the interpreter's own C
// code; guarded() is the border where C++ exceptions become Python's.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace chkpt::heap {

struct Raised {};  // a Python exception is pending

inline Ref own(PyObject* new_ref) {
  if (!new_ref) throw Raised{};
  return Ref::steal(new_ref);
}
inline int ok(int result) {
  if (result < 0) throw Raised{};
  return result;
}

inline PyObject* raw(const Ref& ref) { return ref.get(); }
inline PyObject* raw(PyObject* object) { return object; }
inline PyObject* raw(PyTypeObject* type) { return reinterpret_cast<PyObject*>(type); }

Ref attr(PyObject* object, const char* name);
inline Ref attr(const Ref& object, const char* name) { return attr(object.get(), name); }
Ref attr_or_null(PyObject* object, const char* name);  // null if there is no such attribute
// What `base`, a C type that the object's class derives from, says; the class is not asked.
Ref attr_of_base(PyObject* object, PyTypeObject* base, const char* name);
void set_attr(PyObject* object, const char* name, PyObject* value);
bool is_true(PyObject* object);
inline bool is_true(const Ref& object) { return is_true(object.get()); }
bool truth_of(PyObject* object, const char* attribute);  // False if there is none

Ref text(std::string_view utf8);
Ref number(long long value);
Ref boolean(bool value);
Ref none();
std::string utf8(PyObject* str);  // throws Raised if it is not a str
std::string utf8_attr(PyObject* object, const char* name, const char* otherwise = "?");
long long integer(PyObject* object);

Ref import(const char* name);
// The module gc, which the script finds in sys.modules only if it has imported it itself.
Ref gc_module();
// All objects that the collector knows, also those that gc.freeze() has set aside.
Ref collector_objects();
PyObject* loaded_module(const char* name);              // borrowed; null if not in sys.modules
Ref loaded_attr(const char* module, const char* name);  // null if one of them does not exist

template <class... Args>
Ref call(PyObject* callable, const Args&... args) {
  return own(PyObject_CallFunctionObjArgs(callable, raw(args)..., nullptr));
}
template <class... Args>
Ref call(const Ref& callable, const Args&... args) {
  return call(callable.get(), args...);
}
template <class... Args>
Ref call_method(PyObject* object, const char* name, const Args&... args) {
  return call(attr(object, name).get(), args...);
}
template <class... Args>
Ref call_method(const Ref& object, const char* name, const Args&... args) {
  return call(attr(object.get(), name).get(), args...);
}
template <class... Args>
Ref pack(const Args&... args) {
  return own(PyTuple_Pack(static_cast<Py_ssize_t>(sizeof...(args)), raw(args)...));
}
Ref call_with(PyObject* callable, PyObject* args_tuple, PyObject* kwargs_or_null);

Ref new_list();
Ref new_dict();
void append(const Ref& list, const Ref& item);
void put(const Ref& dict, const char* key, const Ref& value);
PyObject* find(PyObject* dict, const char* key);  // borrowed or null
PyObject* item(PyObject* tuple, Py_ssize_t i);    // borrowed; throws Raised if out of range
inline PyObject* item(const Ref& tuple, Py_ssize_t i) { return item(tuple.get(), i); }

// What an object of a type with tp_traverse holds, borrowed, in the order of its traversal.
std::vector<PyObject*> referents(PyObject* object);

// Throws CannotSave(reason); the pickler adds the object's path.
[[noreturn]] void refuse(const std::string& reason);
// Throws Raised with a RuntimeError.
[[noreturn]] void broken(const std::string& what);

// Turns the C++ exception being handled into a pending Python exception.
void set_python_exception() noexcept;

// Arguments of one of our functions called from Python.
struct Args {
  PyObject* const* values;
  Py_ssize_t count;
  PyObject* operator[](Py_ssize_t i) const {
    if (i >= count) broken("a saved object lacks an argument");
    return values[i];
  }
};

template <Ref (*Function)(Args)>
PyObject* guarded(PyObject*, PyObject* const* values, Py_ssize_t count) {
  try {
    return Function(Args{values, count}).release();
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}

}  // namespace chkpt::heap
