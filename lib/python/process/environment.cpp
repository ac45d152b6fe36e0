// SPDX-License-Identifier: BSD-3-Clause
// Environment variables, working directory, file mode mask, locale and time zone.
#include <Python.h>

#include <clocale>
#include <cstring>

#include <sys/stat.h>

#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// Variables of the launch, not of the script: the new launch has its own.
bool belongs_to_launch(PyObject* name) {
  static const char* const prefixes[] = {"CHKPT_", "OMPI_",  "PMIX_", "PMI_",   "PRTE_",
                                         "SLURM_", "HYDRA_", "MPI_",  "I_MPI_", "PYTHONHASHSEED",
                                         "ORTE_",  "OPAL_",  "_"};
  const std::string text = utf8(name);
  for (const char* prefix : prefixes) {
    const bool whole = std::strlen(prefix) == 1;
    if (whole ? text == prefix : text.compare(0, std::strlen(prefix), prefix) == 0) return true;
  }
  return false;
}

Ref environment() { return attr(import("os"), "environ"); }

Ref save_environment() {
  const Ref all = call(raw(&PyDict_Type), environment());
  const Ref own_variables = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(all.get(), &position, &name, &value))
    if (!belongs_to_launch(name)) ok(PyDict_SetItem(own_variables.get(), name, value));
  return own_variables;
}

void restore_environment(PyObject* saved) {
  const Ref variables = environment();
  const Ref names = own(PySequence_List(variables.get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* name = PyList_GET_ITEM(names.get(), i);
    if (!belongs_to_launch(name) && !PyDict_Contains(saved, name))
      ok(PyObject_DelItem(variables.get(), name));
  }
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(saved, &position, &name, &value))
    ok(PyObject_SetItem(variables.get(), name, value));
}

Ref save_directory() { return call_method(import("os"), "getcwd"); }

void restore_directory(PyObject* saved) { call_method(import("os"), "chdir", saved); }

// There is no way to read the mask but to set it; the process has one thread that makes files.
Ref save_mask() {
  const mode_t mask = umask(077);
  umask(mask);
  return number(mask);
}
void restore_mask(PyObject* saved) { umask(static_cast<mode_t>(integer(saved))); }

Ref save_locale() {
  const char* name = std::setlocale(LC_ALL, nullptr);
  return name ? text(name) : none();
}
void restore_locale(PyObject* saved) {
  const std::string wanted = utf8(saved);
  const char* now = std::setlocale(LC_ALL, nullptr);
  if (now && wanted == now) return;
  if (!std::setlocale(LC_ALL, wanted.c_str()))
    broken("locale " + wanted + " is not installed here");
}

Ref save_time_zone() {
  PyObject* time = loaded_module("time");
  return time ? attr(time, "tzname") : none();
}
void restore_time_zone(PyObject* saved) {
  const Ref time = import("time");
  if (!ok(PyObject_RichCompareBool(attr(time, "tzname").get(), saved, Py_EQ)))
    call_method(time, "tzset");
}

}  // namespace

void register_environment_parts() {
  register_process_part({"environ", save_environment, restore_environment, 20});
  register_process_part({"cwd", save_directory, restore_directory, 21});
  register_process_part({"umask", save_mask, restore_mask, 22});
  register_process_part({"locale", save_locale, restore_locale, 23});
  register_process_part({"time zone", save_time_zone, restore_time_zone, 24});
}

}  // namespace chkpt::process
