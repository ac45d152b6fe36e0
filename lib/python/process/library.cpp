// SPDX-License-Identifier: BSD-3-Clause
// State inside standard library modules that scripts set through functions: decimal, csv, ctypes,
// typing, warnings, contextvars, weakref.finalize. Each is looked at only if the script imported
// the module.
#include <Python.h>

#include "base/text.hpp"
#include "python/frames/warning_filters.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/contexts.hpp"
#include "python/heap/packages/fftw_plans.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/quiet.hpp"
#include "python/heap/packages/superlu.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// The templates that new contexts are made from belong to the library, but may be changed.
constexpr const char* kDecimalTemplates[] = {"DefaultContext", "BasicContext", "ExtendedContext"};
constexpr const char* kDecimalFields[] = {"prec", "rounding", "Emin", "Emax", "capitals", "clamp"};

// What Context() takes: the fields above, flags, traps.
Ref decimal_fields(const Ref& context) {
  return Ref::borrow(item(call_method(context, "__reduce__"), 1));
}

// Who asks for the context when there is none makes one, which the script finds in copies of its
// context then.
bool has_decimal_context() {
  const Ref items = context_items(own(PyContext_CopyCurrent()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i)
    if (utf8_attr(item(PyList_GET_ITEM(items.get(), i), 0), "name") == "decimal_context")
      return true;
  return false;
}

// (current context, fields of each template)
Ref save_decimal() {
  if (!loaded_module("decimal")) return none();
  const Ref decimal = import("decimal"), templates = new_list();
  for (const char* name : kDecimalTemplates) append(templates, decimal_fields(attr(decimal, name)));
  const Ref context = has_decimal_context() ? call_method(decimal, "getcontext") : none();
  return pack(context, own(PyList_AsTuple(templates.get())));
}

void set_signals(const Ref& signals, PyObject* raised) {
  const Ref all = own(PySequence_List(signals.get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* signal = PyList_GET_ITEM(all.get(), i);
    ok(PyObject_SetItem(signals.get(), signal,
                        ok(PySequence_Contains(raised, signal)) ? Py_True : Py_False));
  }
}

void restore_decimal(PyObject* saved) {
  const Ref decimal = import("decimal");
  Py_ssize_t number_of_template = 0;
  for (const char* name : kDecimalTemplates) {
    const Ref context = attr(decimal, name);
    PyObject* fields = item(item(saved, 1), number_of_template++);
    Py_ssize_t i = 0;
    for (const char* field : kDecimalFields) set_attr(context.get(), field, item(fields, i++));
    set_signals(attr(context, "flags"), item(fields, i));
    set_signals(attr(context, "traps"), item(fields, i + 1));
  }
  if (item(saved, 0) != Py_None) call_method(decimal, "setcontext", item(saved, 0));
}

// (dialects by name, longest field)
Ref save_csv() {
  if (!loaded_module("_csv")) return none();
  const Ref csv = import("_csv"), dialects = new_dict();
  const Ref names = call_method(csv, "list_dialects");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* name = PyList_GET_ITEM(names.get(), i);
    ok(PyDict_SetItem(dialects.get(), name, call_method(csv, "get_dialect", name).get()));
  }
  return pack(dialects, call_method(csv, "field_size_limit"));
}
void restore_csv(PyObject* saved) {
  const Ref csv = import("_csv");
  const Ref names = call_method(csv, "list_dialects");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i)
    call_method(csv, "unregister_dialect", PyList_GET_ITEM(names.get(), i));
  PyObject *name = nullptr, *dialect = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(item(saved, 0), &position, &name, &dialect);)
    call_method(csv, "register_dialect", name, dialect);
  call_method(csv, "field_size_limit", item(saved, 1));
}

// (filters, once registry, default action, number of changes)
Ref save_warnings() {
  const Ref module = import("_warnings");
  // Inside catch_warnings() the list of before waits under the name that the C module has for it.
  const Ref first = attr(module, "filters"), now = warning_filters();
  const Ref inside = now.is(first.get()) ? none() : own(PySequence_List(now.get()));
  return pack(own(PySequence_List(first.get())),
              own(PyDict_Copy(attr(module, "_onceregistry").get())), attr(module, "_defaultaction"),
              number(frames::warning_filters_version()), inside);
}
void restore_warnings(PyObject* saved) {
  const Ref module = import("_warnings");
  const Ref filters = attr(module, "filters");
  ok(PyList_SetSlice(filters.get(), 0, PyList_GET_SIZE(filters.get()), item(saved, 0)));
  if (item(saved, 4) != Py_None)
    set_attr(import("warnings").get(), "filters", own(PySequence_List(item(saved, 4))).get());
  const Ref once = attr(module, "_onceregistry");
  PyDict_Clear(once.get());
  ok(PyDict_Update(once.get(), item(saved, 1)));
  set_attr(module.get(), "_defaultaction", item(saved, 2));
  // With the same number as before, what was shown once is not shown again. A load may have changed
  // filters less often than the run had, or more often.
  frames::set_warning_filters_version(static_cast<long>(integer(item(saved, 3))));
}

// Functions that scripts put in the place of the library's: by assignment,
// catch_warnings(record=True) or logging.captureWarnings().
struct Hook {
  const char* module;
  const char* name;
};
constexpr Hook kWarningHooks[] = {{"warnings", "showwarning"},
                                  {"warnings", "formatwarning"},
                                  {"warnings", "_showwarnmsg_impl"},
                                  {"logging", "_warnings_showwarning"}};

Ref save_warning_hooks() {
  const Ref hooks = new_list();
  for (const Hook& hook : kWarningHooks)
    if (const Ref value = loaded_attr(hook.module, hook.name))
      append(hooks, pack(text(hook.module), text(hook.name), value));
  return hooks;
}
void restore_warning_hooks(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* hook = PyList_GET_ITEM(saved, i);
    ok(PyObject_SetAttr(import(utf8(item(hook, 0)).c_str()).get(), item(hook, 1), item(hook, 2)));
  }
}

Ref save_context_variables() { return context_items(own(PyContext_CopyCurrent())); }
void restore_context_variables(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* pair = PyList_GET_ITEM(saved, i);
    call_method(item(pair, 0), "set", item(pair, 1));
  }
}

// Those that numba's functions register for themselves are there again with them.
bool is_made_again(PyObject* entry) {
  const std::string module = utf8_attr(attr(item(entry, 1), "func").get(), "__module__", "");
  return begins_with(module, "numba.");
}

// Finalizers still to run, and what gives the next one its place in their order.
Ref save_finalizers() {
  const Ref finalize = loaded_attr("weakref", "finalize");
  if (!finalize) return none();
  const Ref all = own(PyDict_Items(attr(finalize, "_registry").get())), entries = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i)
    if (!is_made_again(PyList_GET_ITEM(all.get(), i)))
      append(entries, Ref::borrow(PyList_GET_ITEM(all.get(), i)));
  return pack(entries, attr(finalize, "_index_iter"), attr(finalize, "_registered_with_atexit"));
}

Ref object_of(PyObject* info) { return call(attr(info, "weakref")); }

// An import has registered its own again.
void forget_doubles(const Ref& registry, PyObject* saved) {
  const Ref here = own(PyDict_Items(registry.get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(here.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(here.get(), i);
    const Ref object = object_of(item(entry, 1));
    for (Py_ssize_t k = 0; !object.is(Py_None) && k < PyList_GET_SIZE(saved); ++k) {
      if (!object_of(item(PyList_GET_ITEM(saved, k), 1)).is(object.get())) continue;
      ok(PyDict_DelItem(registry.get(), item(entry, 0)));
      break;
    }
  }
}

void restore_finalizers(PyObject* saved) {
  const Ref finalize = attr(import("weakref"), "finalize");
  const Ref registry = attr(finalize, "_registry");
  PyObject* entries = item(saved, 0);
  set_attr(finalize.get(), "_index_iter", item(saved, 1));
  // The function itself comes back among those of atexit, in its place.
  if (item(saved, 2) == Py_True) set_attr(finalize.get(), "_registered_with_atexit", Py_True);
  if (PyList_GET_SIZE(entries) == 0) return;
  forget_doubles(registry, entries);
  ok(PyDict_MergeFromSeq2(registry.get(), entries, 1));
}

// What get_errno() says in this thread: that of the last call by ctypes of a library that was
// opened with use_errno, which the script may be about to look at.
Ref save_ctypes_errno() {
  if (!loaded_module("_ctypes")) return none();
  Ref error = call_method(import("_ctypes"), "get_errno");
  return is_true(error) ? error : none();
}
void restore_ctypes_errno(PyObject* saved) { call_method(import("_ctypes"), "set_errno", saved); }

// What typing.get_overloads() finds of the script's modules: {module: {name: {line: function}}}
Ref save_overloads() {
  const Ref registry = loaded_attr("typing", "_overload_registry"), found = new_dict();
  if (!registry || !PyDict_Check(registry.get())) return none();
  ByValue by_value;
  PyObject *module = nullptr, *names = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(registry.get(), &at, &module, &names);)
    if (by_value.module_named(module))
      ok(PyDict_SetItem(found.get(), module, own(PyDict_Items(names)).get()));
  return PyDict_GET_SIZE(found.get()) > 0 ? found : none();
}
void restore_overloads(PyObject* saved) {
  const Ref registry = attr(import("typing"), "_overload_registry");
  PyObject *module = nullptr, *pairs = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(saved, &at, &module, &pairs);)
    ok(PyDict_MergeFromSeq2(own(PyObject_GetItem(registry.get(), module)).get(), pairs, 1));
}

// Source lines for tracebacks: some are in no file (doctest, generated methods), and functions of
// linecache may be at work on its table.
Ref save_source_lines() {
  const Ref cache = loaded_attr("linecache", "cache");
  return cache && PyDict_CheckExact(cache.get()) ? own(PyDict_Items(cache.get())) : none();
}
void restore_source_lines(PyObject* saved) {
  const Ref cache = attr(import("linecache"), "cache");
  PyDict_Clear(cache.get());
  ok(PyDict_MergeFromSeq2(cache.get(), saved, 1));
}

Ref save_gmpy2() {
  const Ref get_context = loaded_attr("gmpy2", "get_context");
  return get_context ? call(get_context) : none();
}
void restore_gmpy2(PyObject* context) { call_method(import("gmpy2"), "set_context", context); }

}  // namespace

void register_library_parts() {
  register_import_observer(watch_superlu);
  register_import_observer(watch_fftw_plans);
  register_process_part({"gmpy2", save_gmpy2, restore_gmpy2, 40});
  register_process_part({kLibraryGlobals, changed_library_globals, restore_library_globals, 40});
  register_process_part({"decimal", save_decimal, restore_decimal, 50});
  register_process_part({"linecache", save_source_lines, restore_source_lines, 50, {"linecache"}});
  register_process_part({"typing overloads", save_overloads, restore_overloads, 50});
  register_process_part({"csv", save_csv, restore_csv, 50});
  register_process_part({"ctypes errno", save_ctypes_errno, restore_ctypes_errno, 50});
  register_process_part({"contextvars", save_context_variables, restore_context_variables, 51});
  register_process_part({"finalizers", save_finalizers, restore_finalizers, 60});
  register_process_part({"warning hooks", save_warning_hooks, restore_warning_hooks, 61});
  register_process_part({"warnings", save_warnings, restore_warnings, 900, {"warnings"}});
}

}  // namespace chkpt::process
