// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/import_environment.hpp"

#include <string>

#include "base/text.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Never freed: they outlive the interpreter's end.
PyObject* g_first = nullptr;    // what the launch gave
PyObject* g_changes = nullptr;  // [(module name, changes)]
PyObject* g_known = nullptr;    // the variables at the last of them
PyObject* g_data = nullptr;  // the same as os.environ keeps them, to see soon that nothing changed

bool belongs_to_launch(PyObject* name) {
  static const char* const prefixes[] = {"CHKPT_", "OMPI_",          "PMIX_",  "PMI_",
                                         "PRTE_",  "SLURM_",         "HYDRA_", "MPI_",
                                         "I_MPI_", "PYTHONHASHSEED", "ORTE_",  "OPAL_"};
  const std::string text = utf8(name);
  if (text == "_") return true;
  for (const char* prefix : prefixes)
    if (begins_with(text, prefix)) return true;
  return false;
}

Ref environment() { return attr(import("os"), "environ"); }

Ref data_now() {
  const Ref data = attr_or_null(environment().get(), "_data");
  return data && PyDict_Check(data.get()) ? own(PyDict_Copy(data.get())) : none();
}

bool same(PyObject* a, PyObject* b) { return ok(PyObject_RichCompareBool(a, b, Py_EQ)) == 1; }

void keep(PyObject*& place, const Ref& value) { Py_XSETREF(place, Py_NewRef(value.get())); }

Ref changes_between(PyObject* before, PyObject* now) {
  const Ref changes = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(now, &at, &name, &value);) {
    PyObject* old = PyDict_GetItemWithError(before, name);
    if (!old || !same(old, value)) ok(PyDict_SetItem(changes.get(), name, value));
  }
  for (Py_ssize_t at = 0; PyDict_Next(before, &at, &name, &value);)
    if (!ok(PyDict_Contains(now, name))) ok(PyDict_SetItem(changes.get(), name, Py_None));
  return changes;
}

void change(PyObject* changes) {
  const Ref variables = environment();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(changes, &at, &name, &value);) {
    if (value != Py_None)
      ok(PyObject_SetItem(variables.get(), name, value));
    else if (ok(PySequence_Contains(variables.get(), name)))
      ok(PyObject_DelItem(variables.get(), name));
  }
}

// Those of the launch stay where they are among the others.
Ref names_in_order(PyObject* now, PyObject* variables) {
  const Ref names = own(PyDict_Keys(variables)), ordered = new_list();
  Py_ssize_t next = 0;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(now, &at, &name, &value);) {
    const bool is_launch = !ok(PyDict_Contains(variables, name));
    append(ordered, Ref::borrow(is_launch ? name : PyList_GET_ITEM(names.get(), next++)));
  }
  return ordered;
}

// os.environ lists its variables as they were set. They all have their values by now.
void put_in_order(PyObject* variables) {
  const Ref data = attr_or_null(environment().get(), "_data");
  if (!data || !PyDict_CheckExact(data.get())) return;
  const Ref all = call(raw(&PyDict_Type), environment());
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(variables, &at, &name, &value);)
    if (!ok(PyDict_Contains(all.get(), name))) return;
  const Ref ordered = names_in_order(all.get(), variables);
  if (same(ordered.get(), own(PyDict_Keys(all.get())).get())) return;
  const Ref before = own(PyDict_Copy(data.get()));
  PyDict_Clear(data.get());
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(ordered.get()); ++i) {
    const Ref key =
        call_method(environment(), "encodekey", Ref::borrow(PyList_GET_ITEM(ordered.get(), i)));
    ok(PyDict_SetItem(data.get(), key.get(), PyDict_GetItemWithError(before.get(), key.get())));
  }
}

}  // namespace

Ref script_variables() {
  const Ref all = call(raw(&PyDict_Type), environment());
  Ref own_variables = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(all.get(), &at, &name, &value);)
    if (!belongs_to_launch(name)) ok(PyDict_SetItem(own_variables.get(), name, value));
  return own_variables;
}

void set_script_variables(PyObject* variables) {
  change(changes_between(script_variables().get(), variables).get());
  put_in_order(variables);
}

void note_first_environment() {
  keep(g_known, script_variables());
  keep(g_first, Ref::borrow(g_known));
  keep(g_changes, new_list());
  keep(g_data, data_now());
}

void note_environment_for(PyObject* spec) {
  if (!g_known) return;
  const Ref data = data_now();
  if (!data.is(Py_None) && same(data.get(), g_data)) return;
  keep(g_data, data);
  const Ref now = script_variables();
  const Ref changes = changes_between(g_known, now.get());
  if (PyDict_GET_SIZE(changes.get()) == 0) return;
  append(Ref::borrow(g_changes), pack(attr(spec, "name"), changes));
  keep(g_known, now);
}

Ref import_environment() { return g_known ? pack(g_first, g_changes) : none(); }

void begin_with_first_environment(PyObject* environment) {
  if (environment && environment != Py_None) set_script_variables(item(environment, 0));
}

void change_environment_for(PyObject* environment, PyObject* module_name) {
  if (!environment || environment == Py_None) return;
  PyObject* steps = item(environment, 1);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(steps); ++i)
    if (same(item(PyList_GET_ITEM(steps, i), 0), module_name))
      change(item(PyList_GET_ITEM(steps, i), 1));
}

void continue_import_environment(PyObject* environment) {
  if (!g_known || !environment || environment == Py_None) return;
  keep(g_first, Ref::borrow(item(environment, 0)));
  keep(g_changes, Ref::borrow(item(environment, 1)));
  keep(g_known, script_variables());
  keep(g_data, data_now());
}

}  // namespace chkpt::heap
