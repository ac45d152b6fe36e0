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
    if (append_set_entry(entries.get(), i, {element, hash}) < 0) return {};
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
  PyObject* set = it->set ? reinterpret_cast<PyObject*>(it->set) : Py_None;
  return Py_BuildValue("(Onnn)", set, it->used, it->position, it->left);
}

PyObject* set_iter_rest(PyObject* object) {
  const SetIterator* it = as_iterator(object);
  Ref remaining = Ref::steal(PyList_New(0));
  if (!remaining || (it->set && append_remaining(remaining.get(), it->set, it->position) < 0))
    return nullptr;
  return remaining.release();
}

int set_iter_set(PyObject* object, PyObject* state) {
  PyObject* set = nullptr;
  Py_ssize_t used = 0, position = 0, left = 0;
  if (!PyArg_ParseTuple(state, "Onnn", &set, &used, &position, &left)) return -1;
  if ((set != Py_None && !PyAnySet_Check(set)) || position < 0) {
    PyErr_SetString(PyExc_RuntimeError, "saved set iterator without its set");
    return -1;
  }
  point_at(as_iterator(object), set == Py_None ? nullptr : set, used, position, left);
  return 0;
}

int set_iter_set_rest(PyObject* object, PyObject* elements) {
  const Ref rest = set_in_order(elements);
  if (!rest) return -1;
  const Py_ssize_t size = PySet_GET_SIZE(rest.get());
  point_at(as_iterator(object), rest.get(), size, 0, size);
  return 0;
}

}  // namespace chkpt::frames
