// SPDX-License-Identifier: BSD-3-Clause
// Functions that the script has given to the interpreter to call: at the exit (atexit), around
// os.fork(), for auditing. Those of library modules are registered again when the modules are
// imported: none of them is added twice.
#include <Python.h>

#include "python/frames/exit_callbacks.hpp"
#include "python/frames/interpreter_hooks.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// Our own: C functions that belong to no module. Those that C++ code made hang on a capsule; the
// import of the module that made them registers them again.
bool is_internal(PyObject* function) {
  if (!PyCFunction_Check(function)) return false;
  PyObject* self = PyCFunction_GET_SELF(function);
  if (self && PyCapsule_CheckExact(self)) return true;
  return !self && !reinterpret_cast<PyCFunctionObject*>(function)->m_module;
}

// A nested function of a library module; importing the module registers it again.
bool is_library_closure(ByValue& by_value, PyObject* function) {
  if (!PyFunction_Check(function) || by_value.function_is_importable(function)) return false;
  const auto* object = reinterpret_cast<PyFunctionObject*>(function);
  return object->func_module && PyUnicode_Check(object->func_module) &&
         !by_value.module_named(object->func_module);
}

bool is_registered_by_import(ByValue& by_value, PyObject* function) {
  return is_internal(function) || is_library_closure(by_value, function);
}

Ref callbacks() { return own(frames::exit_callbacks()); }

Ref save_callbacks() {
  ByValue by_value;
  const Ref all = callbacks(), kept = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* callback = PyList_GET_ITEM(all.get(), i);
    if (!is_registered_by_import(by_value, item(callback, 0))) append(kept, Ref::borrow(callback));
  }
  return PyList_GET_SIZE(kept.get()) ? kept : none();
}

void register_again(PyObject* callback) {
  const Ref args = own(PySequence_Concat(pack(item(callback, 0)).get(), item(callback, 1)));
  call_with(attr(import("atexit"), "register").get(), args.get(), item(callback, 2));
}

// The last registered is called first: all are registered again, those that were saved in the order
// of before.
void restore_callbacks(PyObject* saved) {
  ByValue by_value;
  const Ref present = callbacks();
  call_method(import("atexit"), "_clear");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(present.get()); ++i)
    if (PyObject* callback = PyList_GET_ITEM(present.get(), i);
        is_registered_by_import(by_value, item(callback, 0)))
      register_again(callback);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) register_again(PyList_GET_ITEM(saved, i));
}

// [functions] of each list
Ref save_hooks() {
  ByValue by_value;
  const Ref lists = new_list();
  bool any = false;
  for (const frames::HookList which : frames::kHookLists) {
    const Ref all = own(frames::interpreter_hooks(which)), kept = new_list();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
      PyObject* function = PyList_GET_ITEM(all.get(), i);
      if (!is_registered_by_import(by_value, function)) append(kept, Ref::borrow(function));
    }
    any = any || PyList_GET_SIZE(kept.get()) > 0;
    append(lists, kept);
  }
  return any ? lists : none();
}

void restore_hooks(PyObject* saved) {
  Py_ssize_t number_of_list = 0;
  for (const frames::HookList which : frames::kHookLists) {
    PyObject* functions = PyList_GetItem(saved, number_of_list++);
    const Ref present = own(frames::interpreter_hooks(which));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(functions); ++i) {
      PyObject* function = PyList_GET_ITEM(functions, i);
      if (!ok(PySequence_Contains(present.get(), function)))
        ok(frames::add_interpreter_hook(which, function));
    }
  }
}

}  // namespace

void register_function_parts() {
  register_process_part({"atexit", save_callbacks, restore_callbacks, 80, {"atexit"}});
  // Late: audit hooks are told of all that the parts before do.
  register_process_part({"interpreter hooks", save_hooks, restore_hooks, 1300});
}

}  // namespace chkpt::process
