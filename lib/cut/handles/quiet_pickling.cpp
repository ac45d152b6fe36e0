// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/quiet_pickling.hpp"

#include <cstring>
#include <unordered_set>

#include "cut/handles/module.hpp"
#include "cut/handles/plain_objects.hpp"

namespace chkpt::cut::handles {
namespace {

constexpr std::size_t kMostObjects = 20000;  // some milliseconds

bool is_atom(PyObject* o) {
  return o == Py_None || o == Py_Ellipsis || PyBool_Check(o) || PyLong_CheckExact(o) ||
         PyFloat_CheckExact(o) || PyComplex_CheckExact(o) || PyUnicode_CheckExact(o) ||
         PyBytes_CheckExact(o) || PyByteArray_CheckExact(o) || Py_IS_TYPE(o, &PyRange_Type);
}

// By reference: a name is looked up in its module.
bool is_global(PyObject* o) {
  return PyFunction_Check(o) || PyCFunction_CheckExact(o) || Py_IS_TYPE(o, &PyType_Type);
}

// Arrays and scalars of numpy without Python objects in them.
bool is_numbers(PyObject* o) {
  if (std::strncmp(Py_TYPE(o)->tp_name, "numpy.", 6) != 0) return false;
  if (PyType_HasFeature(Py_TYPE(o), Py_TPFLAGS_HEAPTYPE)) return false;
  const Ref dtype = Ref::steal(PyObject_GetAttrString(o, "dtype"));
  const Ref objects = dtype ? Ref::steal(PyObject_GetAttrString(dtype.get(), "hasobject")) : Ref();
  PyErr_Clear();
  return objects.is(Py_False);
}

bool inherits_all_of_object(PyTypeObject* type) {
  for (const char* name : {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__",
                           "__getnewargs_ex__", "__getattr__", "__getattribute__"}) {
    const Ref text = Ref::steal(PyUnicode_InternFromString(name));
    if (!text ||
        _PyType_Lookup(type, text.get()) != _PyType_Lookup(&PyBaseObject_Type, text.get())) {
      return false;
    }
  }
  return true;
}

// A class of the script all of whose state is the instance's dict, which object.__reduce_ex__ takes
// as it is.
bool has_plain_instances(PyTypeObject* type) {
  if (!Py_IS_TYPE(reinterpret_cast<PyObject*>(type), &PyType_Type)) return false;
  const Py_ssize_t bases = PyTuple_GET_SIZE(type->tp_mro);
  for (Py_ssize_t i = 0; i + 1 < bases; ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
    if (!PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)) return false;
    if (reinterpret_cast<PyHeapTypeObject*>(base)->ht_slots != nullptr) return false;
  }
  return inherits_all_of_object(type);
}

class Walk {
 public:
  bool all_quiet(const std::vector<PyObject*>& objects) {
    for (PyObject* object : objects) add(object);
    while (!waiting_.empty()) {
      PyObject* object = waiting_.back();
      waiting_.pop_back();
      if (!expand(object) || seen_.size() > kMostObjects) return false;
    }
    return true;
  }

 private:
  void add(PyObject* object) {
    if (object && !is_atom(object) && seen_.insert(object).second) waiting_.push_back(object);
  }

  void add_dict(PyObject* dict) {
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value) != 0;) {
      add(key);
      add(value);
    }
  }

  // Enters what the object holds; false if its pickling may be seen.
  bool expand(PyObject* o) {
    if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) {
      PyObject** items = PySequence_Fast_ITEMS(o);
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) add(items[i]);
      return true;
    }
    if (PyDict_CheckExact(o)) {
      add_dict(o);
      return true;
    }
    if (PyAnySet_CheckExact(o)) return add_set(o);
    return is_global(o) || is_numbers(o) || expand_instance(o);
  }

  bool add_set(PyObject* set) {
    const Ref items = Ref::steal(PySequence_List(set));
    if (!items) {
      PyErr_Clear();
      return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
      add(PyList_GET_ITEM(items.get(), i));  // the set keeps them
    }
    return true;
  }

  bool expand_instance(PyObject* o) {
    if (!has_plain_instances(Py_TYPE(o)) || has_registered_reducer(Py_TYPE(o))) return false;
    const Ref dict = Ref::steal(PyObject_GenericGetDict(o, nullptr));
    if (!dict) {
      PyErr_Clear();
      return false;
    }
    dicts_.push_back(dict);
    add_dict(dict.get());
    return true;
  }

  bool has_registered_reducer(PyTypeObject* type) {
    const Ref copyreg = Ref::steal(PyImport_ImportModule("copyreg"));
    const Ref table =
        copyreg ? Ref::steal(PyObject_GetAttrString(copyreg.get(), "dispatch_table")) : Ref();
    const bool none = table && PyDict_CheckExact(table.get()) &&
                      !PyDict_GetItem(table.get(), reinterpret_cast<PyObject*>(type));
    PyErr_Clear();
    return !none;
  }

  std::unordered_set<PyObject*> seen_;
  std::vector<PyObject*> waiting_;
  std::vector<Ref> dicts_;
};

}  // namespace

bool pickles_quietly(const std::vector<PyObject*>& objects) {
  return changed_pickler().is(Py_None) && Walk().all_quiet(objects);
}

}  // namespace chkpt::cut::handles
