// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/quiet.hpp"

#include <cstring>

#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/rebuilder.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kRegistry = "__warningregistry__";

// Where CPython notes what it has shown of the frame that runs now (setup_context() in
// Python/_warnings.c).
Ref globals_of_warnings() {
  PyObject* globals = PyEval_GetGlobals();
  return Ref::borrow(globals ? globals : PyModule_GetDict(import("sys").get()));
}

Ref set_state_quietly(Args args) {
  const NoDeprecationWarnings quiet(true);
  return call_method(args[0], "__setstate__", args[1]);
}
const Rebuilder set_quietly{"itertools.state", guarded<set_state_quietly>};

}  // namespace

Ref warning_filters() {
  return loaded_module("warnings") ? attr(import("warnings"), "filters")
                                   : attr(import("_warnings"), "filters");
}

bool warns_when_saved(PyTypeObject* type) {
  constexpr const char* kModule = "itertools.";
  return PY_VERSION_HEX >= 0x030C0000 &&
         std::strncmp(type->tp_name, kModule, std::strlen(kModule)) == 0;
}

NoDeprecationWarnings::NoDeprecationWarnings(bool needed) {
  if (!needed) return;
  globals_ = globals_of_warnings();
  PyObject* registry = find(globals_.get(), kRegistry);
  if (registry && PyDict_Check(registry)) {
    registry_ = Ref::borrow(registry);
    shown_ = own(PyDict_Copy(registry));
  }
  const Ref filters = warning_filters();
  const Ref ignore = pack(text("ignore"), Py_None, PyExc_DeprecationWarning, Py_None, number(0));
  ok(PyList_Insert(filters.get(), 0, ignore.get()));
  filters_ = filters;
}

NoDeprecationWarnings::~NoDeprecationWarnings() {
  if (!filters_) return;
  PendingException pending;
  PyList_SetSlice(filters_.get(), 0, 1, nullptr);
  if (registry_) {
    PyDict_Clear(registry_.get());
    PyDict_Update(registry_.get(), shown_.get());
  } else if (PyDict_GetItemString(globals_.get(), kRegistry)) {
    PyDict_DelItemString(globals_.get(), kRegistry);
  }
  PyErr_Clear();
}

Ref reduce_quietly(PyObject* object, long protocol) {
  const NoDeprecationWarnings quiet(true);
  const Ref value = call_method(object, "__reduce_ex__", number(protocol));
  constexpr Py_ssize_t kWithState = 3;
  if (!PyTuple_Check(value.get()) || PyTuple_GET_SIZE(value.get()) != kWithState) return value;
  const Ref function = Ref::borrow(set_quietly.function());
  return pack(item(value, 0), item(value, 1), item(value, 2), Py_None, Py_None, function);
}

}  // namespace chkpt::heap
