// SPDX-License-Identifier: BSD-3-Clause
// Iterators of sets, which stand at a place of the hash table.
#include "python/frames/shim.hpp"

#include "python/frames/objects.hpp"

namespace chkpt::frames {
namespace {

// The private layout, the same from 3.7 to 3.13 (Objects/setobject.c).
struct SetIterator {
  PyObject_HEAD PySetObject* set;
  Py_ssize_t used;
  Py_ssize_t position;
  Py_ssize_t left;
};

SetIterator* as_iterator(PyObject* object) { return reinterpret_cast<SetIterator*>(object); }

// In the order of the table. Deleted entries have the hash -1, which no element has.
int append_remaining(PyObject* remaining, const PySetObject* set, Py_ssize_t position) {
  for (Py_ssize_t i = position; i <= set->mask; ++i) {
    const setentry& entry = set->table[i];
    if (entry.key && entry.hash != -1 && PyList_Append(remaining, entry.key) < 0) return -1;
  }
  return 0;
}

// 1: the same objects follow as in the saved process; 0: not; -1: error.
int follow(const PySetObject* set, Py_ssize_t position, PyObject* remaining) {
  if (position < 0) return 0;
  const Ref now = Ref::steal(PyList_New(0));
  if (!now || append_remaining(now.get(), set, position) < 0) return -1;
  if (PyList_GET_SIZE(now.get()) != PyList_GET_SIZE(remaining)) return 0;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(remaining); ++i)
    if (PyList_GET_ITEM(now.get(), i) != PyList_GET_ITEM(remaining, i)) return 0;
  return 1;
}

// A set that nobody looks anything up in: its elements lie in the order of the list.
Ref set_in_order(PyObject* elements) {
  Py_ssize_t mask = PySet_MINSIZE - 1;
  while (mask < PyList_GET_SIZE(elements)) mask = 2 * mask + 1;
  const Ref entries = Ref::steal(PyList_New(0));
  if (!entries) return {};
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(elements); ++i) {
    PyObject* element = PyList_GET_ITEM(elements, i);
    const Py_hash_t hash = PyObject_Hash(element);
    if (hash == -1) return {};
    const Ref place = Ref::steal(PyLong_FromSsize_t(i)),
              saved = Ref::steal(PyLong_FromSsize_t(hash));
    if (!place || !saved || PyList_Append(entries.get(), place.get()) < 0 ||
        PyList_Append(entries.get(), saved.get()) < 0 || PyList_Append(entries.get(), element) < 0)
      return {};
  }
  const Ref state = Ref::steal(
      Py_BuildValue("(nnnO)", mask, PyList_GET_SIZE(elements), Py_ssize_t{0}, entries.get()));
  Ref set = Ref::steal(PySet_New(nullptr));
  if (!state || !set || set_put(set.get(), state.get()) < 0) return {};
  return set;
}

void point_at(SetIterator* it, PyObject* set, Py_ssize_t used, Py_ssize_t position,
              Py_ssize_t left) {
  const Ref before = Ref::steal(reinterpret_cast<PyObject*>(it->set));
  it->set = reinterpret_cast<PySetObject*>(Py_XNewRef(set));
  it->used = used;
  it->position = position;
  it->left = left;
}

}  // namespace

PyObject* set_iter_get(PyObject* object) {
  const SetIterator* it = as_iterator(object);
  const Ref remaining = Ref::steal(PyList_New(0));
  if (!remaining || (it->set && append_remaining(remaining.get(), it->set, it->position) < 0))
    return nullptr;
  PyObject* set = it->set ? reinterpret_cast<PyObject*>(it->set) : Py_None;
  return Py_BuildValue("(OnnnO)", set, it->used, it->position, it->left, remaining.get());
}

int set_iter_set(PyObject* object, PyObject* state) {
  PyObject *set = nullptr, *remaining = nullptr;
  Py_ssize_t used = 0, position = 0, left = 0;
  if (!PyArg_ParseTuple(state, "OnnnO!", &set, &used, &position, &left, &PyList_Type, &remaining))
    return -1;
  SetIterator* it = as_iterator(object);
  if (set == Py_None) {
    point_at(it, nullptr, used, position, left);
    return 0;
  }
  if (!PyAnySet_Check(set)) {
    PyErr_SetString(PyExc_RuntimeError, "saved set iterator without its set");
    return -1;
  }
  const int same = follow(reinterpret_cast<PySetObject*>(set), position, remaining);
  if (same < 0) return -1;
  if (same) {
    point_at(it, set, used, position, left);
    return 0;
  }
  const Ref rest = set_in_order(remaining);
  if (!rest) return -1;
  point_at(it, rest.get(), PySet_GET_SIZE(rest.get()), 0, PySet_GET_SIZE(rest.get()));
  return 0;
}

}  // namespace chkpt::frames
