// SPDX-License-Identifier: BSD-3-Clause
// The part of Saver that walks sys.modules: every object that a library module holds as an
// attribute (sentinels, registries, locks, ufuncs) is saved as a reference to that attribute, so
// that it keeps its identity and its state is the library's business.
#include <Python.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "python/heap/language/abc_registrations.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/library_values.hpp"
#include "python/heap/compiled/own_modules.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/saver.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

// Attributes of library modules that hold the script's own objects.
bool is_script_hook(const std::string& module, PyObject* key) {
  static const char* const hooks[] = {"stdin",       "stdout",         "stderr",
                                      "displayhook", "excepthook",     "last_type",
                                      "last_value",  "last_traceback", "unraisablehook",
                                      "last_exc",    "breakpointhook", "ps1",
                                      "ps2",         "tracebacklimit"};
  const auto is = [key](const char* name) {
    return PyUnicode_CompareWithASCIIString(key, name) == 0;
  };
  if (module == "asyncio.events") return is("_event_loop_policy");
  return module == "sys" && std::any_of(std::begin(hooks), std::end(hooks), is);
}

}  // namespace

// Classes of the script registered with abstract base classes of libraries.
void Saver::note_registrations(const std::vector<PyObject*>& abstract_classes) {
  AbcRegistrations& known = AbcRegistrations::known();
  if (known.are_old()) known.renew(abstract_classes);
  for (const auto& [abstract, registered] : known.all())
    if (by_value_.type(reinterpret_cast<PyTypeObject*>(registered.get())))
      append(registrations_, pack(abstract, registered));
}

// A lock of the library that the script holds at this moment, inside a function of the library.
void Saver::note_lock(PyObject* value) {
  const bool plain = std::strcmp(Py_TYPE(value)->tp_name, "_thread.lock") == 0;
  const bool reentrant = std::strcmp(Py_TYPE(value)->tp_name, "_thread.RLock") == 0;
  long long count = 0;
  if (plain) count = is_true(call_method(value, "locked")) ? 1 : 0;
  if (reentrant) count = rlock_count(value);
  if (count > 0) append(locks_, pack(value, number(count)));
}

// Of objects of library modules; those of the modules themselves are known by then.
void Saver::register_library_locks() {
  const Ref locks = library_locks();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(locks.get()); ++i) {
    PyObject* lock = item(PyList_GET_ITEM(locks.get(), i), 0);
    PyObject* place = item(PyList_GET_ITEM(locks.get(), i), 1);
    if (ids_.find(lock)) continue;
    add(lock, pack(text("p"), item(place, 0), item(place, 1)));
    note_lock(lock);
  }
}

// argparse.SUPPRESS is compared by identity. Interned strings exist once anyway.
void Saver::note_string(PyObject* module_name, PyObject* key, PyObject* value) {
  if (PyUnicode_CHECK_INTERNED(value) || string_places_.find(value)) return;
  const Ref place = pack(module_name, key);
  string_places_.insert(value, place.get());
  keep_.push_back(place);
  append(library_strings_, Ref::borrow(value));
}

// A class that a library has made inside a function goes by value too, but is the library's.
bool Saver::is_class_of_script(PyTypeObject* type) {
  return by_value_.type(type) && by_value_.module_named(find(type->tp_dict, "__module__"));
}

void Saver::register_library_values(PyObject* name, PyObject* module) {
  const std::string module_name = utf8(name);
  const bool changed = changed_since_import(module);
  const LibraryValues& values = library_values(PyModule_GetDict(module));
  for (const auto& [key, value] : values.strings) note_string(name, key, value);
  for (const auto& [key, value] : values.objects) {
    if (is_class_of_script(Py_TYPE(value)) || is_script_hook(module_name, key)) continue;
    if (ids_.find(value) || is_new_name(module, key)) continue;
    if (request_.process && is_kept_by_own_module(module, key)) continue;
    if (is_counter(value) || (changed && made_after_import(module, key, value))) continue;
    add(value, pack(text("s"), name, key));
    note_lock(value);
    if (is_weak_container(value)) named_weak_containers_.push_back(Ref::borrow(value));
  }
  for (const auto& [key, value] : values.c_modules)
    if (!ids_.find(value)) register_inner_module(name, key, value);
}

// sys.monitoring: a module of C code that another holds, and sys.modules does not. Its functions,
// which go by the name of their module elsewhere, and its objects.
void Saver::register_inner_module(PyObject* outer, PyObject* key, PyObject* module) {
  PyObject* names = PyModule_GetDict(module);
  const auto place = [&](PyObject* name) {
    return pack(text("s"), outer, own(PyUnicode_FromFormat("%U.%U", key, name)));
  };
  add(module, pack(text("s"), outer, key));
  add(names, place(text("__dict__").get()));
  for (const auto& [name, value] : library_values(names).objects)
    if (!ids_.find(value) && !is_class_of_script(Py_TYPE(value))) add(value, place(name));
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(names, &position, &name, &value);)
    if (PyCFunction_Check(value) && PyUnicode_Check(name) && !ids_.find(value))
      add(value, place(name));
}

void Saver::register_behind(PyObject* weak_container, const Ref& id) {
  for (const char* name : kWeakData) {
    const Ref part = attr_or_null(weak_container, name);
    if (part && !ids_.find(part.get())) add(part.get(), pack(text("w"), id, text(name)));
  }
}

void Saver::register_weak_containers() {
  std::vector<Ref> named;
  for (const Ref& container : named_weak_containers_) {
    if (library_place_of(container.get())) continue;
    named.push_back(container);
    register_behind(container.get(), Ref::borrow(*ids_.find(container.get())));
  }
  if (library_baseline())
    for (PyObject* container : library_baseline()->nodes.weak_containers())
      if (const Ref place = library_place_of(container))
        register_behind(container, pack(text("p"), item(place, 0), item(place, 1)));
  weak_members_.look(named);
}

void Saver::register_modules() {
  const Ref items = own(PyDict_Items(PyImport_GetModuleDict()));
  registrations_ = new_list();
  locks_ = new_list();
  std::vector<std::pair<PyObject*, PyObject*>> library;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(items.get(), i), 0);
    PyObject* module = item(PyList_GET_ITEM(items.get(), i), 1);
    if (!PyModule_Check(module) || !PyUnicode_Check(name) || UnseenImports::hides(name)) continue;
    if (!request_.modules || !by_value_.module(name, module)) {
      library.emplace_back(name, module);
      continue;
    }
    PyObject** known = ids_.find(module);
    modules_.push_back(
        {Ref::borrow(name), Ref::borrow(module), known ? Ref::borrow(item(*known, 1)) : Ref()});
    add(module, pack(text("M"), name));
    add(PyModule_GetDict(module), pack(text("D"), name));
  }
  for (const auto& [name, module] : library) {
    imported_.push_back(Ref::borrow(name));
    add(module, pack(text("m"), name));
    add(PyModule_GetDict(module), pack(text("d"), name));
  }
  // What several modules hold is named after the same one in every process, whatever it imported
  // first.
  const auto comes_first = [](const auto& one, const auto& other) {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(one.first);
    const Py_ssize_t other_length = PyUnicode_GET_LENGTH(other.first);
    return length != other_length ? length < other_length
                                  : PyUnicode_Compare(one.first, other.first) < 0;
  };
  std::sort(library.begin(), library.end(), comes_first);
  std::vector<PyObject*> abstract_classes;
  for (const auto& [name, module] : library) {
    register_library_values(name, module);
    const auto& more = library_values(PyModule_GetDict(module)).abstract_classes;
    abstract_classes.insert(abstract_classes.end(), more.begin(), more.end());
  }
  note_registrations(abstract_classes);
  register_library_locks();
  if (const Ref logger = loaded_attr("logging", "Logger"))
    if (const Ref manager = attr_or_null(logger.get(), "manager"))
      add(manager.get(), pack(text("s"), text("logging"), text("Logger.manager")));
}

}  // namespace chkpt::heap
