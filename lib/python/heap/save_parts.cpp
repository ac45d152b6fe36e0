// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/save_parts.hpp"

#include <string>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/global_libraries.hpp"
#include "python/heap/compiled/own_modules.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/modules/import_draws.hpp"
#include "python/heap/modules/import_directory.hpp"
#include "python/heap/modules/relative_imports.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/modules/unseen_imports.hpp"
#include "python/heap/raw_state.hpp"

namespace chkpt::heap {
namespace {

void collect_strings(PyObject* code, const Ref& strings) {
  auto* object = reinterpret_cast<PyCodeObject*>(code);
  for (PyObject* tuple : {object->co_names, object->co_localsplusnames, object->co_consts}) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
      PyObject* value = PyTuple_GET_ITEM(tuple, i);
      if (PyUnicode_CheckExact(value) && PyUnicode_CHECK_INTERNED(value))
        ok(PyDict_SetItem(strings.get(), value, Py_None));
      else if (PyCode_Check(value))
        collect_strings(value, strings);
    }
  }
}

void collect_strings_of(PyObject* value, const Ref& strings, int depth) {
  if (PyFunction_Check(value)) return collect_strings(PyFunction_GET_CODE(value), strings);
  if (!PyType_Check(value) || depth > 3) return;
  auto* type = reinterpret_cast<PyTypeObject*>(value);
  if (!frames::is_python_class(type)) return;
  PyObject *key = nullptr, *member = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(type->tp_dict, &position, &key, &member))
    if (member != value) collect_strings_of(member, strings, depth + 1);
}

Ref stack_header(const frames::StackState* stack) {
  if (!stack) return none();
  const Ref header = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stack->frames.get()); ++i) {
    PyObject* frame = PyList_GET_ITEM(stack->frames.get(), i);
    append(header,
           pack(PyList_GET_ITEM(frame, frames::kCode), PyList_GET_ITEM(frame, frames::kNext),
                boolean(PyList_GET_ITEM(frame, frames::kGenerator) != Py_None)));
  }
  return header;
}

// Where the script has imported from: needed before everything else is there.
Ref import_path() {
  const Ref texts = new_list();
  PyObject* path = PySys_GetObject("path");
  for (Py_ssize_t i = 0; path && PyList_Check(path) && i < PyList_GET_SIZE(path); ++i)
    if (PyUnicode_CheckExact(PyList_GET_ITEM(path, i)))
      append(texts, Ref::borrow(PyList_GET_ITEM(path, i)));
  return texts;
}

// Loops over sys.modules go on where they were.
Ref module_order() {
  const Ref order = new_list();
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(PyImport_GetModuleDict(), &position, &name, &module))
    if (PyUnicode_CheckExact(name) && !UnseenImports::hides(name)) append(order, Ref::borrow(name));
  return order;
}

// What the modules that go by value have to give to those that are imported before they are filled.
Ref names_by_module(const Saver& saver) {
  Ref all = new_dict();
  if (!saver.request().modules || !has_own_modules()) return all;
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    if (!entry.alias_of && utf8(entry.name.get()) != "__main__")
      ok(PyDict_SetItem(all.get(), entry.name.get(),
                        own(PyDict_Keys(PyModule_GetDict(entry.module.get()))).get()));
  return all;
}

Ref process_states(const SaveRequest& request) {
  const Ref states = new_dict();
  if (!request.process) return states;
  for (const ProcessPart* part : process_parts()) {
    const Ref state = part->save();
    if (state && !state.is(Py_None)) put(states, part->name.c_str(), state);
  }
  return states;
}

Ref variables_of(const Saver& saver, const Saver::ModuleEntry& entry) {
  Ref items = own(PyDict_Items(PyModule_GetDict(entry.module.get())));
  for (Py_ssize_t i = 0; saver.customs().names && i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(items.get(), i), 0);
    if (PyObject* replacement = saver.excluded_name(entry.name.get(), name))
      ok(PyList_SetItem(items.get(), i, pack(name, replacement).release()));
  }
  return items;
}

// None, or what the script has put in the place of ModuleType: `sys.modules[name].__class__ = ...`.
Ref module_class(const Saver::ModuleEntry& entry) {
  PyTypeObject* type = Py_TYPE(entry.module.get());
  if (type == &PyModule_Type) return none();
  if (type->tp_basicsize != PyModule_Type.tp_basicsize)
    refuse("module " + utf8(entry.name.get()) + " is of a class with __slots__, " + type->tp_name);
  return Ref::borrow(reinterpret_cast<PyObject*>(type));
}

Ref module_namespaces(const Saver& saver) {
  const Ref namespaces = new_list();
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    if (!entry.alias_of)
      append(namespaces, pack(entry.name, variables_of(saver, entry), module_class(entry)));
  return namespaces;
}

// Those of libraries that the script has given a class of its own: (name, None, class).
Ref library_module_classes(Saver& saver) {
  Ref given = new_list();
  for (const Ref& name : saver.imported_modules()) {
    PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name.get());
    if (!module || !PyModule_Check(module) || !saver.by_value().type(Py_TYPE(module))) continue;
    const Ref type = module_class({name, Ref::borrow(module), Ref()});
    append(given, pack(name, Py_None, type));
  }
  return given;
}

}  // namespace

Ref interned_strings(const Saver& saver) {
  const Ref strings = new_dict();
  if (const frames::StackState* stack = saver.request().stack)
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stack->frames.get()); ++i)
      collect_strings(PyList_GET_ITEM(PyList_GET_ITEM(stack->frames.get(), i), frames::kCode),
                      strings);
  for (const Saver::ModuleEntry& entry : saver.by_value_modules()) {
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(PyModule_GetDict(entry.module.get()), &position, &key, &value))
      collect_strings_of(value, strings, 0);
  }
  return own(PyDict_Keys(strings.get()));
}

Ref header_of(const Saver& saver) {
  const Ref shells = new_list(), header = new_dict();
  Ref imports = new_list();
  for (const Saver::ModuleEntry& entry : saver.by_value_modules())
    append(shells, pack(entry.name, entry.alias_of ? entry.alias_of : none(), Py_None,
                        package_path(PyModule_GetDict(entry.module.get()))));
  // Without module state the script starts anew and imports what it wants when it wants it.
  if (saver.request().modules) imports = import_steps(saver.imported_modules());
  put(header, "shells", shells);
  put(header, "imports", imports);
  put(header, "blocked", saver.request().modules ? OriginalModules::blocked() : new_dict());
  put(header, "names", names_by_module(saver));
  put(header, "order", saver.request().modules ? module_order() : new_list());
  put(header, "draws", saver.request().modules ? import_draws() : new_list());
  put(header, "environment", saver.request().modules ? import_environment() : none());
  const Ref directories = saver.request().modules ? import_directories() : none();
  put(header, "directories", directories);
  put(header, "relative", relative_imports(saver.imported_modules(), directories.get()));
  put(header, "libraries", saver.request().modules ? global_libraries() : new_list());
  put(header, "path", saver.request().modules ? import_path() : new_list());
  put(header, "stack", stack_header(saver.request().stack));
  return header;
}

Ref body_of(Saver& saver, const SaveRequest& request) {
  const Ref body = new_dict();
  const frames::StackState* stack = request.stack;
  put(body, "frames", stack ? stack->frames : none());
  put(body, "base_exception", stack && stack->base_exception ? stack->base_exception : none());
  put(body, "modules", module_namespaces(saver));
  put(body, "module classes", request.modules ? library_module_classes(saver) : new_list());
  put(body, "entries", request.modules ? module_entries_of_script() : new_list());
  put(body, "copies", request.modules ? OriginalModules::copies() : new_list());
  put(body, "registrations", request.modules ? saver.library_registrations() : new_list());
  put(body, "own pickling", types_with_own_pickling());
  put(body, "locks", request.modules ? saver.held_library_locks() : new_list());
  put(body, "process", process_states(request));
  put(body, "extra", request.extra ? request.extra : none());
  return body;
}

}  // namespace chkpt::heap
