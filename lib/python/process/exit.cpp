// SPDX-License-Identifier: BSD-3-Clause
// Functions the script registered with atexit. Those of library modules register themselves again
// when the modules are imported, so a callback that is already there is not added twice.
#include <Python.h>

#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// atexit shows its callbacks only to the collector: function, arguments and, if there are any,
// keyword arguments of each, then the module's own dict.
std::vector<PyObject*> visible_parts() {
  std::vector<PyObject*> found;
  const Ref module = import("atexit");
  Py_TYPE(module.get())
      ->tp_traverse(
          module.get(),
          [](PyObject* referent, void* list) {
            static_cast<std::vector<PyObject*>*>(list)->push_back(referent);
            return 0;
          },
          &found);
  return found;
}

// Our own: C functions that belong to no module.
bool is_internal(PyObject* function) {
  return PyCFunction_Check(function) && !reinterpret_cast<PyCFunctionObject*>(function)->m_module &&
         !PyCFunction_GET_SELF(function);
}

// A nested function of a library module; importing the module registers it again.
bool is_library_closure(ByValue& by_value, PyObject* function) {
  if (!PyFunction_Check(function) || by_value.function_is_importable(function)) return false;
  const auto* object = reinterpret_cast<PyFunctionObject*>(function);
  return object->func_module && PyUnicode_Check(object->func_module) &&
         !by_value.module_named(object->func_module);
}

Ref callbacks() {
  const Ref list = new_list();
  PyObject* module_dict = PyModule_GetDict(import("atexit").get());
  const std::vector<PyObject*> parts = visible_parts();
  for (std::size_t i = 0; i + 1 < parts.size();) {
    PyObject* function = parts[i];
    if (function == module_dict || !PyTuple_CheckExact(parts[i + 1])) break;
    PyObject* args = parts[i + 1];
    i += 2;
    Ref keywords = new_dict();
    if (i < parts.size() && PyDict_CheckExact(parts[i]) && parts[i] != module_dict)
      keywords = Ref::borrow(parts[i++]);
    append(list, pack(function, args, keywords));
  }
  return list;
}

Ref save_callbacks() {
  ByValue by_value;
  const Ref all = callbacks(), kept = new_list();
  const Ref count = call_method(import("atexit"), "_ncallbacks");
  if (integer(count.get()) != PyList_GET_SIZE(all.get()))
    refuse("the functions registered with atexit cannot be read in this Python");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* function = item(PyList_GET_ITEM(all.get(), i), 0);
    if (!is_internal(function) && !is_library_closure(by_value, function))
      append(kept, Ref::borrow(PyList_GET_ITEM(all.get(), i)));
  }
  return PyList_GET_SIZE(kept.get()) ? kept : none();
}

void restore_callbacks(PyObject* saved) {
  const Ref present = callbacks();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* callback = PyList_GET_ITEM(saved, i);
    if (ok(PySequence_Contains(present.get(), callback))) continue;
    const Ref args = own(PySequence_Concat(pack(item(callback, 0)).get(), item(callback, 1)));
    call_with(attr(import("atexit"), "register").get(), args.get(), item(callback, 2));
  }
}

}  // namespace

void register_exit_part() {
  register_process_part({"atexit", save_callbacks, restore_callbacks, 80});
}

}  // namespace chkpt::process
