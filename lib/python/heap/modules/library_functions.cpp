// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/library_functions.hpp"

#include <vector>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Numbers of what is no attribute.
enum FunctionSlot : Py_ssize_t { kDefaults, kKeywordDefaults, kFirstCell };

PyFunctionObject* as_function(PyObject* object) {
  return reinterpret_cast<PyFunctionObject*>(object);
}

// Closures of nothing but the class that a method is in are not looked at.
bool has_variables(const PyFunctionObject* function) {
  const Ref names = own(PyCode_GetFreevars(reinterpret_cast<PyCodeObject*>(function->func_code)));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); ++i)
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names.get(), i), "__class__") != 0)
      return true;
  return false;
}

bool can_change(PyObject* value) {
  const Holder holder = PyFunction_Check(value) ? Holder::kNone : holder_of(value);
  return holder == Holder::kContainer || holder == Holder::kInstance;
}

}  // namespace

bool function_keeps_state(PyObject* object) {
  const PyFunctionObject* function = as_function(object);
  if (function->func_closure && has_variables(function)) return true;
  if (function->func_dict && PyDict_GET_SIZE(function->func_dict) > 0) return true;
  PyObject *defaults = function->func_defaults, *named = function->func_kwdefaults;
  for (Py_ssize_t i = 0; defaults && i < PyTuple_GET_SIZE(defaults); ++i)
    if (can_change(PyTuple_GET_ITEM(defaults, i))) return true;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; named && PyDict_Next(named, &at, &name, &value);)
    if (can_change(value)) return true;
  return false;
}

void read_function(PyObject* object, Entries& entries) {
  const PyFunctionObject* function = as_function(object);
  const auto add = [&](Py_ssize_t slot, PyObject* value) {
    if (value) entries.push_back({Part::kSlot, nullptr, slot, value});
  };
  PyObject *name = nullptr, *attribute = nullptr;
  for (Py_ssize_t at = 0;
       function->func_dict && PyDict_Next(function->func_dict, &at, &name, &attribute);)
    entries.push_back({Part::kName, name, 0, attribute});
  add(kDefaults, function->func_defaults);
  add(kKeywordDefaults, function->func_kwdefaults);
  PyObject* cells = function->func_closure;
  for (Py_ssize_t i = 0; cells && i < PyTuple_GET_SIZE(cells); ++i)
    add(kFirstCell + i, PyCell_GET(PyTuple_GET_ITEM(cells, i)));
}

void write_function(PyObject* object, const Entries& entries) {
  PyFunctionObject* function = as_function(object);
  PyObject* cells = function->func_closure;
  const Py_ssize_t count = kFirstCell + (cells ? PyTuple_GET_SIZE(cells) : 0);
  std::vector<PyObject*> values(static_cast<std::size_t>(count), nullptr);
  const Ref names = attr(object, "__dict__");
  PyDict_Clear(names.get());
  for (const Entry& entry : entries) {
    if (entry.part == Part::kName) ok(PyDict_SetItem(names.get(), entry.key, entry.value));
    if (entry.part != Part::kSlot) continue;
    if (entry.slot < 0 || entry.slot >= count) broken("a library function has lost a variable");
    values[static_cast<std::size_t>(entry.slot)] = entry.value;
  }
  PyObject* const defaults = values[kDefaults] ? values[kDefaults] : Py_None;
  PyObject* const named = values[kKeywordDefaults] ? values[kKeywordDefaults] : Py_None;
  ok(PyFunction_SetDefaults(object, defaults));
  ok(PyFunction_SetKwDefaults(object, named));
  for (Py_ssize_t i = kFirstCell; i < count; ++i)
    ok(PyCell_Set(PyTuple_GET_ITEM(cells, i - kFirstCell), values[static_cast<std::size_t>(i)]));
}

}  // namespace chkpt::heap
