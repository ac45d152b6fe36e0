// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/own_modules.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <dlfcn.h>

#include "base/loaded_images.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/fortran_data.hpp"
#include "python/heap/compiled/first_addresses.hpp"
#include "python/heap/compiled/image_variables.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_paths.hpp"
#include "python/heap/names_to_come.hpp"
#include "python/heap/compiled/own_libraries.hpp"

namespace chkpt::heap {
namespace {

// ---- what is known of a module

struct OwnModule {
  Ref module, first_names;                           // those whose objects a new import makes again
  std::map<std::string, const void*> first_objects;  // what the others stood for at first
  std::set<std::string> left_names;  // of those, what cannot be saved and is as the import makes it
};

// By name.
std::map<std::string, OwnModule>& own_modules() {
  static auto* const all = new std::map<std::string, OwnModule>;
  return *all;
}

const OwnModule* known_module(PyObject* module) {
  PyObject* name = own_modules().empty() ? nullptr : find(PyModule_GetDict(module), "__name__");
  if (!name || !PyUnicode_Check(name)) return nullptr;
  const auto found = own_modules().find(utf8(name));
  return found != own_modules().end() && found->second.module.is(module) ? &found->second : nullptr;
}

// Where `pip install --target` has put it, beside notes of what is installed there.
bool is_installed(const std::string& file, const std::string& module) {
  std::string folder = file.substr(0, file.rfind('/') + 1);
  for (const char c : module)
    if (c == '.') folder += "../";
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), &::closedir);
  while (const dirent* entry = entries ? ::readdir(entries.get()) : nullptr)
    if (ends_with(entry->d_name, ".dist-info")) return true;
  return false;
}

std::optional<LoadedImage> image_of(PyObject* module, const std::string& name) {
  PyObject* file = find(PyModule_GetDict(module), "__file__");
  if (!file || !PyUnicode_Check(file)) return {};
  const std::string path = utf8(file);
  if (is_python_source(path) || !is_own_binary(path) || is_installed(path, name)) return {};
  void* const handle = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (!handle) return {};
  const std::string loaded_from = path_of_handle(handle).value_or("");
  ::dlclose(handle);
  return loaded_image(loaded_from);
}

// What a module asks the interpreter for, to keep its state in. That of Cython is all machinery.
std::vector<KeptMemory> state_of(PyObject* module, const LoadedImage& image) {
  if (is_made_by_cython(image)) return {};
  const PyModuleDef* definition = PyModule_GetDef(module);
  void* const state = definition && definition->m_size > 0 ? PyModule_GetState(module) : nullptr;
  const auto begin = reinterpret_cast<std::uintptr_t>(state);
  if (!state) return {};
  return {{begin, {{"", begin, begin + static_cast<std::uintptr_t>(definition->m_size)}}}};
}

// ---- names

bool is_for_import(PyObject* name) {
  return !PyUnicode_Check(name) || begins_with(utf8(name), "__");
}

void note_names(OwnModule& known) {
  known.first_names = new_dict();
  known.first_objects.clear();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(known.module.get()), &at, &name, &value);) {
    if (is_for_import(name)) continue;
    if (is_made_again(value) && !is_atom(value) && !is_to_come(value))
      ok(PyDict_SetItem(known.first_names.get(), name, value));
    else
      known.first_objects[utf8(name)] = value;
  }
}

bool is_as_at_first(const OwnModule& known, const std::string& name, const void* value) {
  const auto first = known.first_objects.find(name);
  return first != known.first_objects.end() && first->second == value;
}

bool is_changed_name(const OwnModule& known, PyObject* name, PyObject* value) {
  if (is_for_import(name) || PyDict_GetItemWithError(known.first_names.get(), name) == value)
    return false;
  const std::string text = utf8(name);
  return known.left_names.count(text) == 0 || !is_as_at_first(known, text, value);
}

// Those that a new import would not bring to what they are.
Ref changed_names(const OwnModule& known) {
  const Ref changed = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(known.module.get()), &at, &name, &value);)
    if (is_changed_name(known, name, value)) ok(PyDict_SetItem(changed.get(), name, value));
  return changed;
}

// Names that the first import made and that are gone.
Ref removed_names(const OwnModule& known) {
  const Ref removed = new_list();
  PyObject* now = PyModule_GetDict(known.module.get());
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(known.first_names.get(), &at, &name, &value);)
    if (!PyDict_GetItemWithError(now, name)) append(removed, Ref::borrow(name));
  for (const auto& [first, object] : known.first_objects)
    if (!find(now, first.c_str())) append(removed, text(first));
  return removed;
}

bool leave_out_names(OwnModule& known, const std::function<std::string(PyObject*)>& why_not) {
  const Ref changed = changed_names(known);
  bool any = false;
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(changed.get(), &at, &key, &value);) {
    const std::string name = utf8(key);
    if (!is_as_at_first(known, name, value) || is_container(value)) continue;
    const std::string why = why_not(value);
    if (why.empty()) continue;
    known.left_names.insert(name);
    log::event("not saved, and as the import makes it: " +
               utf8_attr(known.module.get(), "__name__") + "." + name + ": " + why);
    any = true;
  }
  return any;
}

// ---- saving and loading

void take_what_has_come(const OwnModule& known) {
  PyObject* names = PyModule_GetDict(known.module.get());
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(names, &at, &name, &value);)
    if (is_to_come(value)) ok(PyDict_SetItem(names, name, what_has_come(value).get()));
}

bool is_loaded(const std::string& name, const OwnModule& known) {
  return loaded_module(name.c_str()) == known.module.get();
}

}  // namespace

void note_own_module(PyObject* module) {
  if (!PyModule_Check(module)) return;
  PyObject* given = find(PyModule_GetDict(module), "__name__");
  if (!given || !PyUnicode_Check(given)) return;
  const std::string name = utf8(given);
  const std::optional<LoadedImage> image = image_of(module, name);
  if (!image) return;
  OwnModule& known = own_modules()[name];
  // One that stood here stays, for the memory that it has asked for is known.
  if (known.module && !known.module.is(module)) static_cast<void>(known.module.release());
  known.module = Ref::borrow(module);
  note_names(known);
  if (is_made_by_f2py(module))
    note_linked_libraries(*image);
  else
    note_own_library(*image, state_of(module, *image));
}

bool has_own_modules() { return !own_modules().empty(); }

void forget_own_modules() { own_modules().clear(); }

Ref changed_own_modules() {
  if (own_modules().empty()) return none();
  const Ref saved = new_dict();
  for (const auto& [name, known] : own_modules())
    if (is_loaded(name, known))
      put(saved, name.c_str(), pack(changed_names(known), removed_names(known)));
  return saved;
}

bool is_own_module(PyObject* module) { return known_module(module) != nullptr; }

bool is_kept_by_own_module(PyObject* module, PyObject* name) {
  const OwnModule* known = known_module(module);
  return known &&
         is_changed_name(*known, name, PyDict_GetItemWithError(PyModule_GetDict(module), name));
}

bool leave_out_unsaveable_names(const std::function<std::string(PyObject*)>& why_not) {
  bool any = false;
  for (auto& [name, known] : own_modules())
    if (is_loaded(name, known)) any = leave_out_names(known, why_not) || any;
  return any;
}

void restore_own_modules(PyObject* saved) {
  for (const auto& [name, known] : own_modules()) take_what_has_come(known);
  PyObject *key = nullptr, *entry = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(saved, &at, &key, &entry);) {
    const auto found = own_modules().find(utf8(key));
    if (found == own_modules().end()) continue;  // nobody has it
    PyObject* names = PyModule_GetDict(found->second.module.get());
    ok(PyDict_Update(names, item(entry, 0)));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(item(entry, 1)); ++i)
      if (PyDict_DelItem(names, PyList_GET_ITEM(item(entry, 1), i)) != 0) PyErr_Clear();
  }
}

}  // namespace chkpt::heap
