// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/library_globals.hpp"

#include <cstring>
#include <string>
#include <unordered_map>

#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/fingerprint.hpp"

namespace chkpt::heap {
namespace {

struct Global {
  Fingerprint fingerprint;
  PyTypeObject* type = nullptr;  // compared, never followed
};
using Globals = std::unordered_map<std::string, Global>;

struct Baseline {
  std::unordered_map<std::string, Globals> modules;
  ByValue by_value;
  Ref load;  // importlib._bootstrap._load_unlocked
};
Baseline* g_baseline = nullptr;  // never freed: it outlives the interpreter's end

// Restored by parts of their own, caches of source text, or numbers of this very process.
bool left_out(const std::string& module) {
  static const char* const names[] = {"sys",
                                      "builtins",
                                      "os",
                                      "posix",
                                      "site",
                                      "threading",
                                      "logging",
                                      "warnings",
                                      "weakref",
                                      "atexit",
                                      "signal",
                                      "linecache",
                                      "re",
                                      "importlib",
                                      "zipimport",
                                      "traceback",
                                      "inspect",
                                      "codecs",
                                      "encodings",
                                      "asyncio",
                                      "subprocess",
                                      "concurrent",
                                      "selectors",
                                      "socket",
                                      "ssl",
                                      "ctypes",
                                      "chkpt",
                                      "mpi4py",
                                      "_weakrefset",
                                      "_frozen_importlib",
                                      "_frozen_importlib_external",
                                      "multiprocessing"};
  const std::string top = module.substr(0, module.find('.'));
  for (const char* name : names)
    if (top == name) return true;
  return false;
}

// Modules written in Python: what a C module changes in its dict has a counterpart in its memory.
bool is_followed(PyObject* name, PyObject* module) {
  if (!PyUnicode_Check(name) || !PyModule_Check(module) || left_out(utf8(name))) return false;
  PyObject* file = find(PyModule_GetDict(module), "__file__");
  if (!file || !PyUnicode_Check(file)) return false;
  const std::string path = utf8(file);
  const auto dot = path.rfind(".py");
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return false;
  return !g_baseline->by_value.module(name, module);
}

bool is_dunder(const std::string& name) { return name.compare(0, 2, "__") == 0; }

void record(PyObject* name, PyObject* module) {
  if (!is_followed(name, module)) return;
  Globals globals;
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(PyModule_GetDict(module), &position, &key, &value)) {
    if (!PyUnicode_Check(key)) continue;
    globals.emplace(utf8(key), Global{fingerprint_of(value), Py_TYPE(value)});
  }
  g_baseline->modules[utf8(name)] = std::move(globals);
}

// _load_unlocked(spec): the module as the real one returns it. Nothing of ours fails an import.
Ref load_and_record(Args args) {
  Ref module = call(g_baseline->load, args[0]);
  try {
    if (const Ref name = attr_or_null(args[0], "name")) record(name.get(), module.get());
  } catch (const Raised&) {
    PyErr_Clear();
  }
  return module;
}
PyMethodDef g_load_method = {
    "_load_unlocked",
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guarded<load_and_record>)),
    METH_FASTCALL, nullptr};

const Global* baseline_of(PyObject* module_name, PyObject* name) {
  const auto module = g_baseline->modules.find(utf8(module_name));
  if (module == g_baseline->modules.end()) return nullptr;
  const auto global = module->second.find(utf8(name));
  return global == module->second.end() ? nullptr : &global->second;
}

const char* container_kind(PyObject* value) {
  if (PyDict_CheckExact(value)) return "dict";
  if (PyList_CheckExact(value)) return "list";
  if (PySet_CheckExact(value)) return "set";
  return nullptr;
}

// A copy for containers: the container itself is saved as "that name of that module".
Ref copy_of(PyObject* value) {
  if (PyDict_CheckExact(value)) return own(PyDict_Copy(value));
  if (PyList_CheckExact(value)) return own(PySequence_List(value));
  return own(PySet_New(value));
}

// Found again by its name in a library module, or the script's own.
bool can_be_named(PyObject* function_or_class) {
  const Ref module_name = attr_or_null(function_or_class, "__module__");
  const Ref qualname = attr_or_null(function_or_class, "__qualname__");
  if (!module_name || !qualname || !PyUnicode_Check(module_name.get()) ||
      !PyUnicode_Check(qualname.get()))
    return false;
  if (g_baseline->by_value.module_named(module_name.get())) return true;
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), module_name.get());
  return module && find_qualified(module, qualname.get()).is(function_or_class);
}

// Of plain values (see fingerprint.hpp).
bool can_be_saved(PyObject* value) {
  if (PyFunction_Check(value) || PyCFunction_Check(value) || PyType_Check(value))
    return can_be_named(value);
  if (PyDict_CheckExact(value)) {
    PyObject *key = nullptr, *element = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(value, &position, &key, &element);)
      if (!can_be_saved(key) || !can_be_saved(element)) return false;
    return true;
  }
  if (!PyTuple_CheckExact(value) && !PyList_CheckExact(value) && !PyAnySet_CheckExact(value))
    return true;
  const Ref elements = own(PySequence_List(value));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(elements.get()); ++i)
    if (!can_be_saved(PyList_GET_ITEM(elements.get(), i))) return false;
  return true;
}

// An instance of the script's own class was put in after the import: saved, or refused by name.
bool holds_script_object(PyObject* container, ByValue& by_value) {
  const Ref elements = PyDict_CheckExact(container) ? own(PyDict_Values(container))
                                                    : own(PySequence_List(container));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(elements.get()); ++i)
    if (by_value.type(Py_TYPE(PyList_GET_ITEM(elements.get(), i)))) return true;
  return false;
}

void append_deleted(const Ref& changes, PyObject* module_name, PyObject* module,
                    const Globals& before) {
  for (const auto& [name, global] : before) {
    if (is_dunder(name) || find(PyModule_GetDict(module), name.c_str())) continue;
    append(changes, pack(module_name, text(name), text("deleted"), Py_None));
  }
}

void append_changes(const Ref& changes, PyObject* module_name, PyObject* module,
                    const Globals& before, ByValue& by_value) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  std::size_t still_there = 0;
  while (PyDict_Next(PyModule_GetDict(module), &position, &key, &value)) {
    if (!PyUnicode_Check(key)) continue;
    const std::string name = utf8(key);
    const auto known = before.find(name);
    if (known != before.end()) ++still_there;
    if (is_dunder(name) || PyModule_Check(value)) continue;
    const Fingerprint now = fingerprint_of(value);
    if (!now.plain) {
      const bool same_kind = known != before.end() && known->second.type == Py_TYPE(value);
      const char* container = same_kind ? container_kind(value) : nullptr;
      if (container && holds_script_object(value, by_value))
        append(changes, pack(module_name, key, text(container), copy_of(value)));
      continue;
    }
    const bool there = known != before.end();
    if (there && known->second.fingerprint.plain && known->second.fingerprint.value == now.value) {
      continue;
    }
    if (!can_be_saved(value)) continue;
    const char* kind =
        there && known->second.type == Py_TYPE(value) ? container_kind(value) : nullptr;
    append(changes, kind ? pack(module_name, key, text(kind), copy_of(value))
                         : pack(module_name, key, text("value"), value));
  }
  if (still_there < before.size()) append_deleted(changes, module_name, module, before);
}

void restore_container(PyObject* target, const std::string& kind, PyObject* contents) {
  if (kind == "dict") {
    PyDict_Clear(target);
    ok(PyDict_Update(target, contents));
  } else if (kind == "list") {
    ok(PyList_SetSlice(target, 0, PyList_GET_SIZE(target), contents));
  } else {
    call_method(target, "clear");
    call_method(target, "update", contents);
  }
}

}  // namespace

void watch_library_globals() {
  g_baseline = new Baseline;
  const Ref items = own(PyDict_Items(PyImport_GetModuleDict()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(items.get(), i);
    record(item(pair, 0), item(pair, 1));
  }
  const Ref bootstrap = import("_frozen_importlib");
  g_baseline->load = attr(bootstrap, "_load_unlocked");
  const Ref wrapped = own(PyCFunction_NewEx(&g_load_method, nullptr, nullptr));
  set_attr(bootstrap.get(), "_load_unlocked", wrapped.get());
}

Ref changed_library_globals() {
  const Ref changes = new_list();
  ByValue by_value;  // of this save alone: it knows types by their address
  const Ref items = own(PyDict_Items(PyImport_GetModuleDict()));
  for (Py_ssize_t i = 0; g_baseline && i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(items.get(), i), 0);
    PyObject* module = item(PyList_GET_ITEM(items.get(), i), 1);
    if (!PyUnicode_Check(name) || !PyModule_Check(module)) continue;
    const auto before = g_baseline->modules.find(utf8(name));
    if (before == g_baseline->modules.end()) continue;
    append_changes(changes, name, module, before->second, by_value);
  }
  return changes;
}

void restore_library_globals(PyObject* changed) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changed); ++i) {
    PyObject* entry = PyList_GET_ITEM(changed, i);
    const std::string kind = utf8(item(entry, 2));
    PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), item(entry, 0));
    if (!module) continue;  // not imported this time: nobody has it
    PyObject* now = PyDict_GetItemWithError(PyModule_GetDict(module), item(entry, 1));
    if (kind == "deleted") {
      if (now) ok(PyDict_DelItem(PyModule_GetDict(module), item(entry, 1)));
      continue;
    }
    const char* kind_now = now ? container_kind(now) : nullptr;
    if (kind_now && kind == kind_now) {
      restore_container(now, kind, item(entry, 3));
    } else {
      ok(PyDict_SetItem(PyModule_GetDict(module), item(entry, 1), item(entry, 3)));
    }
  }
}

bool made_after_import(PyObject* module_name, PyObject* name, PyObject* value) {
  if (!g_baseline || g_baseline->modules.count(utf8(module_name)) == 0) return false;
  const Global* before = baseline_of(module_name, name);
  return !before || before->type != Py_TYPE(value);
}

}  // namespace chkpt::heap
