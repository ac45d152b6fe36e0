// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/call.hpp"

#include "base/error.hpp"
#include "python/frames/objects.hpp"

namespace chkpt::heap {

Ref attr(PyObject* object, const char* name) { return own(PyObject_GetAttrString(object, name)); }

Ref attr_or_null(PyObject* object, const char* name) {
  PyObject* value = PyObject_GetAttrString(object, name);
  if (!value) {
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw Raised{};
    PyErr_Clear();
  }
  return Ref::steal(value);
}

Ref attr_of_base(PyObject* object, PyTypeObject* base, const char* name) {
  const Ref found = attr(raw(base), name);
  const descrgetfunc get = Py_TYPE(found.get())->tp_descr_get;
  return get ? own(get(found.get(), object, raw(base))) : found;
}

void set_attr(PyObject* object, const char* name, PyObject* value) {
  ok(PyObject_SetAttrString(object, name, value));
}

bool is_true(PyObject* object) { return ok(PyObject_IsTrue(object)) != 0; }

bool truth_of(PyObject* object, const char* attribute) {
  const Ref value = attr_or_null(object, attribute);
  return value && is_true(value);
}

Ref text(std::string_view utf8) {
  return own(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogateescape"));
}

Ref number(long long value) { return own(PyLong_FromLongLong(value)); }
Ref boolean(bool value) { return Ref::borrow(value ? Py_True : Py_False); }
Ref none() { return Ref::borrow(Py_None); }

std::string utf8(PyObject* str) {
  const Ref bytes = own(PyUnicode_AsEncodedString(str, "utf-8", "surrogateescape"));
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

std::string utf8_attr(PyObject* object, const char* name, const char* otherwise) {
  PyObject* value = PyObject_GetAttrString(object, name);
  if (!value) PyErr_Clear();
  const Ref owned = Ref::steal(value);
  return value && PyUnicode_Check(value) ? utf8(value) : otherwise;
}

long long integer(PyObject* object) {
  const long long value = PyLong_AsLongLong(object);
  if (value == -1 && PyErr_Occurred()) throw Raised{};
  return value;
}

Ref gc_module() {
  static PyObject* const gc = [] {
    const bool is_there = loaded_module("gc") != nullptr;
    Ref module = import("gc");
    if (!is_there) ok(PyDict_DelItemString(PyImport_GetModuleDict(), "gc"));
    return module.release();  // never freed: it outlives the interpreter's end
  }();
  return Ref::borrow(gc);
}

Ref collector_objects() {
  Ref objects = call_method(gc_module(), "get_objects");
  ok(frames::add_frozen_objects(objects.get()));
  return objects;
}

// As PyImport_ImportModule(), but never by an __import__ that the script has put in its place. A
// name asked for, which every module has, makes it the module itself, not its package.
Ref import(const char* name) {
  static PyObject* const wanted = pack(text("__name__")).release();
  return own(PyImport_ImportModuleLevel(name, nullptr, nullptr, wanted, 0));
}

PyObject* loaded_module(const char* name) {
  PyObject* found = PyDict_GetItemString(PyImport_GetModuleDict(), name);
  return found == Py_Ellipsis ? nullptr : found;  // see OriginalModules
}

Ref loaded_attr(const char* module, const char* name) {
  PyObject* loaded = loaded_module(module);
  return loaded ? attr_or_null(loaded, name) : Ref();
}

Ref call_with(PyObject* callable, PyObject* args_tuple, PyObject* kwargs_or_null) {
  return own(PyObject_Call(callable, args_tuple, kwargs_or_null));
}

Ref new_list() { return own(PyList_New(0)); }
Ref new_dict() { return own(PyDict_New()); }
void append(const Ref& list, const Ref& item) { ok(PyList_Append(list.get(), item.get())); }
void put(const Ref& dict, const char* key, const Ref& value) {
  ok(PyDict_SetItemString(dict.get(), key, value.get()));
}
PyObject* find(PyObject* dict, const char* key) { return PyDict_GetItemString(dict, key); }

PyObject* item(PyObject* tuple, Py_ssize_t i) {
  if (!PyTuple_Check(tuple) || i >= PyTuple_GET_SIZE(tuple)) broken("a saved state lacks an item");
  return PyTuple_GET_ITEM(tuple, i);
}

std::vector<PyObject*> referents(PyObject* object) {
  std::vector<PyObject*> found;
  Py_TYPE(object)->tp_traverse(
      object,
      [](PyObject* referent, void* list) {
        static_cast<std::vector<PyObject*>*>(list)->push_back(referent);
        return 0;
      },
      &found);
  return found;
}

void refuse(const std::string& reason) { throw CannotSave(reason); }

void broken(const std::string& what) {
  PyErr_SetString(PyExc_RuntimeError, what.c_str());
  throw Raised{};
}

void set_python_exception() noexcept {
  try {
    throw;
  } catch (const Raised&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "a call failed without exception");
  } catch (const CannotSave& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "unknown C++ exception");
  }
}

}  // namespace chkpt::heap
