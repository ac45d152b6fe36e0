// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/left_out.hpp"

#include <cstring>

#include "python/heap/call.hpp"
#include "python/heap/raw_state.hpp"

namespace chkpt::heap {
namespace {

bool is_watched_to_its_end(PyObject* object) {
  if (!PyType_SUPPORTS_WEAKREFS(Py_TYPE(object))) return false;
  auto** list = reinterpret_cast<PyWeakReference**>(PyObject_GET_WEAKREFS_LISTPTR(object));
  for (PyWeakReference* one = *list; one; one = one->wr_next)
    if (one->wr_callback && !std::strcmp(Py_TYPE(one->wr_callback)->tp_name, "finalize"))
      return true;
  return false;
}

// By its name, if the state has names.
bool has_it(PyObject* state, PyObject* name, PyObject* value) {
  if (PyDict_Check(state)) return PyDict_GetItemWithError(state, name) != nullptr;
  if (!PyTuple_Check(state) && !PyList_Check(state))
    return PyLong_CheckExact(state) && ok(PyObject_RichCompareBool(state, value, Py_EQ)) == 1;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(state); ++i)
    if (has_it(PySequence_Fast_GET_ITEM(state, i), name, value)) return true;
  return false;
}

}  // namespace

bool releases_something(PyObject* object) {
  return is_python_method(Py_TYPE(object), "__del__") || is_watched_to_its_end(object);
}

bool leaves_number_out(PyObject* object, const Layout& layout, PyObject* state) {
  const auto is_left_out = [state](PyObject* name, PyObject* value) {
    return PyLong_CheckExact(value) && !has_it(state, name, value);
  };
  for (const Slot& slot : layout.slots)
    if (PyObject* value = slot_value(object, slot);
        value && is_left_out(text(slot.name).get(), value))
      return true;
  const Ref dict = layout.has_dict ? instance_dict(object) : Ref();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; dict && PyDict_Next(dict.get(), &at, &name, &value);)
    if (is_left_out(name, value)) return true;
  return false;
}

}  // namespace chkpt::heap
