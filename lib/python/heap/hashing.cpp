// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/hashing.hpp"

#include <datetime.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "base/high_heap.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr int kDeepestTuple = 4;

bool is_one_of(PyTypeObject* type, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::strcmp(type->tp_name, name) == 0) return true;
  return false;
}

bool is_numpy_number(PyTypeObject* type) {
  constexpr const char* kModule = "numpy.";
  if (std::strncmp(type->tp_name, kModule, std::strlen(kModule)) != 0) return false;
  return is_one_of(type, {"numpy.bool_", "numpy.int8", "numpy.int16", "numpy.int32", "numpy.int64",
                          "numpy.uint8", "numpy.uint16", "numpy.uint32", "numpy.uint64",
                          "numpy.float32", "numpy.float64", "numpy.str_", "numpy.datetime64",
                          "numpy.timedelta64", "numpy.complex128"});
}

// Values of C types that their constructor makes whole, at once, and that lead to nothing else. A
// constructor that is given such a dict may look into it: pandas does with the dict of a time zone,
// when it makes a Timestamp.
bool is_made_whole(PyObject* key) {
  PyTypeObject* type = Py_TYPE(key);
  if (type == &PyBool_Type || type == &PyComplex_Type) return true;
  if (frames::is_python_class(type)) return false;
  if (is_one_of(type, {"datetime.datetime", "datetime.time"}))
    return !_PyDateTime_HAS_TZINFO(key);  // else it asks that one
  return is_one_of(type, {"datetime.timedelta", "datetime.date", "decimal.Decimal"}) ||
         is_numpy_number(type);
}

bool late(PyObject* key, int depth) {
  PyTypeObject* type = Py_TYPE(key);
  if (type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type ||
      type == &PyBytes_Type || key == Py_None)
    return false;
  if (type == &PyTuple_Type) {
    if (depth > kDeepestTuple) return true;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
      if (late(PyTuple_GET_ITEM(key, i), depth + 1)) return true;
    return false;
  }
  if (type == &PyFrozenSet_Type) return set_has_late_key(key);
  // What hashes by address can be hashed as soon as it exists, however unfinished it is.
  return type->tp_hash != PyBaseObject_Type.tp_hash && !is_made_whole(key);
}

// Such a number may be an object's address, and another one in the next process.
bool reaches_addresses(PyObject* number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  return !overflow && value >= static_cast<long long>(kLowestHighAddress);
}

bool hashes_by_content(PyObject* key) {
  PyTypeObject* type = Py_TYPE(key);
  if (type == &PyTuple_Type) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
      if (!hashes_by_content(PyTuple_GET_ITEM(key, i))) return false;
    return true;
  }
  if (type == &PyFloat_Type) return !std::isnan(PyFloat_AS_DOUBLE(key));
  if (type == &PyLong_Type) return !reaches_addresses(key);
  return type == &PyUnicode_Type || type == &PyBool_Type || type == &PyBytes_Type;
}

}  // namespace

bool needs_late_hash(PyObject* key) { return late(key, 0); }

bool dict_has_late_key(PyObject* dict) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value))
    if (needs_late_hash(key)) return true;
  return false;
}

bool set_has_late_key(PyObject* set) {
  const auto* object = reinterpret_cast<PySetObject*>(set);
  for (Py_ssize_t i = 0; i <= object->mask; ++i) {
    const setentry& entry = object->table[i];
    const bool deleted = entry.hash == -1;  // no element hashes to -1
    if (entry.key && !deleted && needs_late_hash(entry.key)) return true;
  }
  return false;
}

bool fills_late_set(PyObject* set) {
  return !frames::set_is_pristine(set) && (set_has_late_key(set) || !insertion_rebuilds(set));
}

bool set_keeps_order(PyObject* set) {
  const auto* object = reinterpret_cast<PySetObject*>(set);
  for (Py_ssize_t i = 0; i <= object->mask; ++i) {
    const setentry& entry = object->table[i];
    if (entry.key && entry.hash != -1 && !hashes_by_content(entry.key)) return false;
  }
  return true;
}

bool insertion_rebuilds(PyObject* set) {
  const Ref items = own(PySequence_List(set));
  const Ref again = own(PySet_New(items.get()));
  const auto* a = reinterpret_cast<PySetObject*>(set);
  const auto* b = reinterpret_cast<PySetObject*>(again.get());
  if (a->mask != b->mask || a->fill != b->fill || a->used != b->used || a->finger != b->finger)
    return false;
  for (Py_ssize_t i = 0; i <= a->mask; ++i)
    if (a->table[i].key != b->table[i].key) return false;
  return true;
}

Ref unfilled_frozenset() {
  const Ref made = own(PyFrozenSet_Type.tp_alloc(&PyFrozenSet_Type, 0));
  auto* set = reinterpret_cast<PySetObject*>(made.get());
  set->table = set->smalltable;
  set->mask = PySet_MINSIZE - 1;
  set->hash = -1;
  return made;
}

// frames::set_put() may have to add to the set, which Python forbids for a frozenset that others
// refer to. So another set is filled, and its table changes hands.
void fill_set(PyObject* set, PyObject* table) {
  if (!PyFrozenSet_Check(set)) {
    ok(frames::set_put(set, table));
    return;
  }
  const Ref donor = own(PySet_New(nullptr));
  ok(frames::set_put(donor.get(), table));
  auto* from = reinterpret_cast<PySetObject*>(donor.get());
  auto* to = reinterpret_cast<PySetObject*>(set);
  if (to->fill != 0) broken("a saved frozenset was filled twice");
  std::swap(from->fill, to->fill);
  std::swap(from->used, to->used);
  std::swap(from->mask, to->mask);
  std::swap(from->finger, to->finger);
  std::swap(from->smalltable, to->smalltable);
  const bool small = from->table == from->smalltable;
  to->table = small ? to->smalltable : from->table;
  from->table = from->smalltable;
  to->hash = -1;
}

}  // namespace chkpt::heap
