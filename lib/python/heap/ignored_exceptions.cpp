// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/ignored_exceptions.hpp"

#include <string>

#include "python/error.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kHook = "unraisablehook";

std::string g_first;  // empty: none

// Compiled functions name themselves, by a str; finalizers are told as the object that they are of.
void note(PyObject* unraisable) {
  const Ref place = attr(unraisable, "object");
  if (!PyUnicode_Check(place.get()) || !g_first.empty()) return;
  const Ref type = attr(unraisable, "exc_type"), value = attr(unraisable, "exc_value");
  g_first = utf8(attr(type, "__name__").get()) + ": " + utf8(own(PyObject_Str(value.get())).get()) +
            ", in " + utf8(place.get());
}

PyObject* take_note(PyObject*, PyObject* unraisable) {
  try {
    note(unraisable);
  } catch (const Raised&) {
    PyErr_Clear();
  }
  return PyObject_CallMethod(PyImport_AddModule("sys"), "__unraisablehook__", "O", unraisable);
}
PyMethodDef g_take_note{kHook, take_note, METH_O, nullptr};

}  // namespace

IgnoredExceptions::IgnoredExceptions()
    : hook_(own(PyCFunction_New(&g_take_note, nullptr))),
      before_(Ref::borrow(PySys_GetObject(kHook))) {
  g_first.clear();
  ok(PySys_SetObject(kHook, hook_.get()));
}

IgnoredExceptions::~IgnoredExceptions() {
  const PendingException aside;
  if (!hook_.is(PySys_GetObject(kHook))) return;
  if (PySys_SetObject(kHook, before_.get()) != 0) PyErr_Clear();
}

void IgnoredExceptions::expect_none() const {
  if (!g_first.empty())
    broken("a library could not make an object again, and has ignored that: " + g_first);
}

}  // namespace chkpt::heap
