// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/import_draws.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Never freed: they outlive the interpreter's end.
PyObject* g_first = nullptr;  // the state that random was loaded with
PyObject* g_draws = nullptr;

// Null if random is not there, or is still being loaded.
Ref state_of_random() {
  PyObject* random = loaded_module("random");
  const Ref getstate = random ? attr_or_null(random, "getstate") : Ref();
  return getstate ? call(getstate) : Ref();
}

}  // namespace

void note_new_random() {
  if (!g_first) g_first = state_of_random().release();
}

ImportDraws::ImportDraws(PyObject* spec) : name_(attr(spec, "name")), before_(state_of_random()) {}

void ImportDraws::finish() {
  const Ref after = state_of_random();
  if (!before_ && g_first) before_ = Ref::borrow(g_first);
  if (!after || !before_ || ok(PyObject_RichCompareBool(before_.get(), after.get(), Py_EQ))) return;
  if (!g_draws) g_draws = new_list().release();
  append(Ref::borrow(g_draws), pack(name_, before_));
}

Ref import_draws() { return g_draws ? Ref::borrow(g_draws) : new_list(); }

void draw_again(PyObject* draws, PyObject* name) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(draws); ++i) {
    PyObject* drawn = PyList_GET_ITEM(draws, i);
    if (ok(PyObject_RichCompareBool(item(drawn, 0), name, Py_EQ)))
      call_method(import("random"), "setstate", item(drawn, 1));
  }
}

}  // namespace chkpt::heap
