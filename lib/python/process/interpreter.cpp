// SPDX-License-Identifier: BSD-3-Clause
// What sys, gc and builtins hold of the script: lists changed in place, limits, hooks.
#include <Python.h>

#include <limits>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/language/original_builtins.hpp"
#include "python/heap/save.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

Ref sys_attr(const char* name) { return attr_or_null(import("sys").get(), name); }

// ---- sys.argv, sys.path and other lists that other objects may refer to: filled in place

constexpr const char* kSysLists[] = {"argv", "path", "warnoptions", "orig_argv"};

Ref save_sys_lists() {
  const Ref lists = new_dict();
  for (const char* name : kSysLists) {
    const Ref list = sys_attr(name);
    if (list && PyList_Check(list.get()))
      put(lists, name, own(PyList_GetSlice(list.get(), 0, PyList_GET_SIZE(list.get()))));
  }
  return lists;
}

void restore_sys_lists(PyObject* saved) {
  for (const char* name : kSysLists) {
    PyObject* items = find(saved, name);
    const Ref list = sys_attr(name);
    if (items && list && PyList_Check(list.get()))
      ok(PyList_SetSlice(list.get(), 0, PyList_GET_SIZE(list.get()), items));
    else if (items)
      set_attr(import("sys").get(), name, items);
  }
}

// ---- limits with a getter and a setter

struct Limit {
  const char* getter;
  const char* setter;
};
constexpr Limit kLimits[] = {
    {"getrecursionlimit", "setrecursionlimit"},
    {"getswitchinterval", "setswitchinterval"},
    {"getdlopenflags", "setdlopenflags"},
    {"get_int_max_str_digits", "set_int_max_str_digits"},
    {"get_coroutine_origin_tracking_depth", "set_coroutine_origin_tracking_depth"}};

Ref save_limits() {
  const Ref limits = new_dict();
  for (const Limit& limit : kLimits)
    if (const Ref getter = sys_attr(limit.getter)) put(limits, limit.setter, call(getter));
  return limits;
}

// An interval is kept in whole microseconds, and what setting it makes of a fraction is cut off.
Ref settable(PyObject* value) {
  constexpr double kHalf_s = 5e-7;
  if (!PyFloat_Check(value)) return Ref::borrow(value);
  return own(PyFloat_FromDouble(PyFloat_AS_DOUBLE(value) + kHalf_s));
}

void restore_limits(PyObject* saved) {
  for (const Limit& limit : kLimits)
    if (PyObject* value = find(saved, limit.setter))
      call_method(import("sys"), limit.setter, settable(value));
}

// ---- the import lock, which importlib holds while it asks a finder

// How often this thread holds it: nothing tells but that it cannot be released once more.
Ref save_import_lock() {
  const Ref imp = import("_imp");
  if (!is_true(call_method(imp, "lock_held"))) return none();
  long long held = 0;
  try {
    for (;; ++held) call_method(imp, "release_lock");
  } catch (const Raised&) {
    PyErr_Clear();
  }
  for (long long i = 0; i < held; ++i) call_method(imp, "acquire_lock");
  return held > 0 ? number(held) : none();
}

void restore_import_lock(PyObject* held) {
  for (long long i = integer(held); i > 0; --i) call_method(import("_imp"), "acquire_lock");
}

// ---- hooks the script may have set

constexpr const char* kHooks[] = {
    "excepthook", "displayhook",         "unraisablehook", "breakpointhook", "ps1",
    "ps2",        "tracebacklimit",      "last_type",      "last_value",     "last_traceback",
    "last_exc",   "dont_write_bytecode", "pycache_prefix"};

// Of what a tool of sys.monitoring (3.12 on) waits for no API tells everything.
void refuse_monitoring() {
  constexpr long kTools = 6;
  const Ref monitoring = sys_attr("monitoring");
  for (long id = 0; monitoring && id < kTools; ++id) {
    const Ref tool = call_method(monitoring, "get_tool", own(PyLong_FromLong(id)));
    if (!tool.is(Py_None)) refuse("a tool of sys.monitoring is in use: " + utf8(tool.get()));
  }
}

// What runs in them is none of the main one's objects.
void refuse_subinterpreters() {
  PyInterpreterState* newest = PyInterpreterState_Head();
  if (!PyInterpreterState_Next(newest)) return;
  refuse("there are other interpreters in this process: number " +
         std::to_string(PyInterpreterState_GetID(newest)));
}

Ref save_hooks() {
  refuse_monitoring();
  refuse_subinterpreters();
  if (!sys_attr("gettrace") || !call(sys_attr("gettrace")).is(Py_None))
    refuse("a trace function is active (sys.settrace)");
  if (!call(sys_attr("getprofile")).is(Py_None))
    refuse("a profile function is active (sys.setprofile)");
  const Ref hooks = new_dict();
  for (const char* name : kHooks) {
    const Ref value = sys_attr(name);
    const Ref original = sys_attr((std::string("__") + name + "__").c_str());
    if (value && !value.is(original.get())) put(hooks, name, value);
  }
  return hooks;
}

void restore_hooks(PyObject* saved) {
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  const Ref sys = import("sys");
  while (PyDict_Next(saved, &position, &name, &value)) ok(PyObject_SetAttr(sys.get(), name, value));
}

// ---- the collector

Ref list_of(const Ref& gc, const char* name) { return own(PySequence_List(attr(gc, name).get())); }

void fill_list(const Ref& gc, const char* name, PyObject* saved) {
  const Ref list = attr(gc, name);
  ok(PyList_SetSlice(list.get(), 0, PyList_GET_SIZE(list.get()), saved));
}

Ref save_collector() {
  const Ref gc = gc_module();
  return pack(boolean(script_collection_enabled()), call_method(gc, "get_threshold"),
              list_of(gc, "callbacks"), call_method(gc, "get_debug"), list_of(gc, "garbage"));
}

// What loading left behind in cycles is not the script's: gc.collect() must not count it. What the
// script left behind is held by the load until now, and stays for its own collections.
void collect_what_loading_left() {
  PyGC_Enable();
  PyGC_Collect();
  PyGC_Disable();
}

void restore_collector(PyObject* saved) {
  const Ref gc = gc_module();
  collect_what_loading_left();
  call_with(attr(gc, "set_threshold").get(), item(saved, 1), nullptr);
  fill_list(gc, "callbacks", item(saved, 2));
  call_method(gc, "set_debug", item(saved, 3));
  fill_list(gc, "garbage", item(saved, 4));
  call_method(gc, is_true(item(saved, 0)) ? "enable" : "disable");
}

// ---- names that the script added to builtins

void restore_builtins(PyObject* saved) {
  ok(PyDict_Update(PyModule_GetDict(import("builtins").get()), saved));
}

}  // namespace

void register_interpreter_parts() {
  note_original_builtins();
  register_process_part({"sys.lists", save_sys_lists, restore_sys_lists, 10, {"sys"}});
  register_process_part({"import lock", save_import_lock, restore_import_lock, 1300});
  register_process_part({"sys.limits", save_limits, restore_limits, 11});
  register_process_part({"sys.hooks", save_hooks, restore_hooks, 12});
  // The very last: from then on code of libraries calls what the script has put there.
  register_process_part({"builtins",
                         changed_builtins,
                         restore_builtins,
                         std::numeric_limits<int>::max(),
                         {"builtins"}});
  // After everything: no collection while the script's state is put in place.
  register_process_part({"gc", save_collector, restore_collector, 999});
}

}  // namespace chkpt::process
