// SPDX-License-Identifier: BSD-3-Clause
#include "python/chkpt/module.hpp"

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "chkpt_frozen.hpp"

namespace chkpt::python {
namespace {

constexpr const char* kNativeName = "_chkpt_native";

ModuleHooks g_hooks;
std::atomic<int> g_holds{0};
PyObject* g_restored = nullptr;           // owned; the process keeps it to its end
PyObject* g_snapshot_function = nullptr;  // owned

PyObject* not_connected() {
  PyErr_SetString(PyExc_RuntimeError, "the run is still being resumed");
  return nullptr;
}

PyObject* native_snapshot(PyObject*, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"name", "wait", nullptr};
  const char* name = nullptr;
  int wait = 1;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "|z$p:snapshot", const_cast<char**>(names),
                                   &name, &wait))
    return nullptr;
  if (!g_hooks.snapshot) return not_connected();
  if (g_holds > 0) {
    PyErr_SetString(PyExc_RuntimeError, "chkpt.snapshot() inside chkpt.no_snapshot()");
    return nullptr;
  }
  if (g_hooks.tracked_mode) {
    const Ref module = checked(PyImport_ImportModule("chkpt"));
    const Ref done = Ref::steal(PyObject_CallMethod(module.get(), "_settle_restored", nullptr));
    if (!done) return nullptr;
  }
  return g_hooks.snapshot(name, wait != 0);
}

PyObject* native_hold(PyObject*, PyObject* args) {
  int step = 0;
  if (!PyArg_ParseTuple(args, "i", &step)) return nullptr;
  if ((g_holds += step) == 0 && g_hooks.released) g_hooks.released();
  Py_RETURN_NONE;
}

PyObject* get_number(long (*get)()) { return get ? PyLong_FromLong(get()) : not_connected(); }
PyObject* native_frequency(PyObject*, PyObject*) { return get_number(g_hooks.frequency_ms); }
PyObject* native_min_obj_size(PyObject*, PyObject*) { return get_number(g_hooks.min_obj_size); }

PyObject* set_number(PyObject* value, void (*set)(long), const char* what) {
  const long number = PyLong_AsLong(value);
  if (number == -1 && PyErr_Occurred()) return nullptr;
  if (!set) return not_connected();
  if (number < -1) return PyErr_Format(PyExc_ValueError, "%s must be -1 or more", what);
  set(number);
  Py_RETURN_NONE;
}
PyObject* native_set_frequency(PyObject*, PyObject* value) {
  return set_number(value, g_hooks.set_frequency_ms, "frequency");
}
PyObject* native_set_min_obj_size(PyObject*, PyObject* value) {
  return set_number(value, g_hooks.set_min_obj_size, "min_obj_size");
}

PyObject* native_info(PyObject*, PyObject*) {
  return g_hooks.info ? g_hooks.info() : not_connected();
}
PyObject* native_active(PyObject*, PyObject*) { return PyBool_FromLong(g_hooks.active); }
PyObject* native_tracked_mode(PyObject*, PyObject*) {
  return PyBool_FromLong(g_hooks.tracked_mode);
}
PyObject* native_restored(PyObject*, PyObject*) {
  return Py_NewRef(g_restored ? g_restored : Py_None);
}

PyMethodDef g_functions[] = {
    {"snapshot", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(native_snapshot)),
     METH_VARARGS | METH_KEYWORDS,
     "snapshot(name=None, *, wait=True) -> bool\n\n"
     "Take a snapshot now. True when this return is a resume. With wait=False the script goes on "
     "as\n"
     "soon as its state is copied; the snapshot is written and committed meanwhile."},
    {"_hold", native_hold, METH_VARARGS, nullptr},
    {"_frequency", native_frequency, METH_NOARGS, nullptr},
    {"_set_frequency", native_set_frequency, METH_O, nullptr},
    {"_min_obj_size", native_min_obj_size, METH_NOARGS, nullptr},
    {"_set_min_obj_size", native_set_min_obj_size, METH_O, nullptr},
    {"_info", native_info, METH_NOARGS, nullptr},
    {"_active", native_active, METH_NOARGS, nullptr},
    {"_tracked_mode", native_tracked_mode, METH_NOARGS, nullptr},
    {"_restored", native_restored, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

// The natives travel in a module object named "chkpt" that never enters sys.modules: so
// snapshot.__module__ is where a pickle finds it again.
PyObject* create_native(PyObject*, PyModuleDef*) {
  Ref module = Ref::steal(PyModule_New("chkpt"));
  if (!module || PyModule_AddFunctions(module.get(), g_functions) < 0) return nullptr;
  Py_XSETREF(g_snapshot_function, PyObject_GetAttrString(module.get(), "snapshot"));
  return g_snapshot_function ? module.release() : nullptr;
}

PyModuleDef_Slot g_slots[] = {{Py_mod_create, reinterpret_cast<void*>(create_native)},
                              {0, nullptr}};
PyModuleDef g_definition = {
    PyModuleDef_HEAD_INIT, kNativeName, nullptr, 0, nullptr, g_slots, nullptr, nullptr, nullptr};

PyObject* init_native() { return PyModuleDef_Init(&g_definition); }

// The script's `chkpt` module, null if it has not imported it (or has one of its own).
Ref imported_module() {
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "chkpt");
  if (!module || !PyObject_HasAttrString(module, "_chkpt_mpi_state")) return {};
  return Ref::borrow(module);
}

Ref call_if_imported(const char* function) {
  const Ref module = imported_module();
  if (!module) return Ref::borrow(Py_None);
  return checked(PyObject_CallMethod(module.get(), function, nullptr));
}

void run_callbacks(const char* event) {
  const Ref module = imported_module();
  if (!module) return;
  const Ref problem = checked(PyObject_CallMethod(module.get(), "_run_callbacks", "s", event));
  if (problem.is(Py_None)) return;
  const char* text = PyUnicode_AsUTF8(problem.get());
  if (!text) throw_pending_exception();
  throw PythonError(text);
}

}  // namespace

void set_module_hooks(const ModuleHooks& hooks) {
  g_hooks = hooks;
  if (Py_IsInitialized()) call_if_imported("_assign_again");
}

void provide_module() {
  static _frozen modules[4] = {};  // the last one ends the table
  modules[0].name = "chkpt";
  modules[0].code = kFrozenInit;
  modules[0].size = static_cast<int>(sizeof kFrozenInit);
  modules[0].is_package = 1;
  modules[1].name = "chkpt._contents";
  modules[1].code = kFrozenContents;
  modules[1].size = static_cast<int>(sizeof kFrozenContents);
  modules[2].name = "chkpt._saving";
  modules[2].code = kFrozenSaving;
  modules[2].size = static_cast<int>(sizeof kFrozenSaving);
  PyImport_FrozenModules = modules;
  if (PyImport_AppendInittab(kNativeName, init_native) < 0)
    throw PythonError("no memory for the module chkpt");
}

void hide_module() {
  PyObject* names = PySys_GetObject("builtin_module_names");
  if (!names || !PyTuple_Check(names)) return;
  const Ref kept = checked(PyList_New(0));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject* name = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_CompareWithASCIIString(name, kNativeName) == 0) continue;
    checked(PyList_Append(kept.get(), name));
  }
  const Ref tuple = checked(PyList_AsTuple(kept.get()));
  checked(PySys_SetObject("builtin_module_names", tuple.get()));
}

PyObject* snapshot_function() { return g_snapshot_function; }
bool snapshots_held() { return g_holds.load() > 0; }

Ref module_state() { return call_if_imported("_get_state"); }

void restore_module_state(PyObject* state) {
  if (!state || state == Py_None) return;
  const Ref module = checked(PyImport_ImportModule("chkpt"));
  checked(PyObject_CallMethod(module.get(), "_set_state", "O", state));
}

Ref customs() { return call_if_imported("_get_customs"); }

Ref collect_tracked() { return call_if_imported("_collect_tracked"); }

void set_restored(PyObject* contents) { Py_XSETREF(g_restored, Py_NewRef(contents)); }

void run_snapshot_callbacks() { run_callbacks("snapshot"); }
void run_resume_callbacks() { run_callbacks("resume"); }

}  // namespace chkpt::python
