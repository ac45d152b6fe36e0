// SPDX-License-Identifier: BSD-3-Clause
// The part of Saver that walks sys.modules: every object that a library module holds as an
// attribute (sentinels, registries, locks, ufuncs) is saved as a reference to that attribute, so
// that it keeps its identity and its state is the library's business.
#include <Python.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/library_contents.hpp"
#include "python/heap/library_globals.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/saver.hpp"
#include "python/heap/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

// Attributes of library modules that hold the script's own objects.
bool is_script_hook(const std::string& module, const std::string& key) {
  static const char* const hooks[] = {"stdin",       "stdout",         "stderr",
                                      "displayhook", "excepthook",     "last_type",
                                      "last_value",  "last_traceback", "unraisablehook",
                                      "last_exc",    "breakpointhook", "ps1",
                                      "ps2",         "tracebacklimit"};
  if (module == "asyncio.events") return key == "_event_loop_policy";
  if (module != "sys") return false;
  for (const char* hook : hooks)
    if (key == hook) return true;
  return false;
}

// Immutable or saved by name anyway.
bool is_simple(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  return value == Py_None || value == Py_NotImplemented || value == Py_Ellipsis ||
         type == &PyBool_Type || type == &PyLong_Type ||
         (type == &PyFloat_Type && !std::isnan(PyFloat_AS_DOUBLE(value))) ||
         type == &PyComplex_Type || type == &PyUnicode_Type || type == &PyBytes_Type ||
         type == &PyTuple_Type || type == &PyFrozenSet_Type || type == &PyFunction_Type ||
         type == &PyCFunction_Type || PyModule_Check(value) || PyType_Check(value);
}

}  // namespace

// A class of the script registered with an abstract base class of the library.
void Saver::note_registrations(PyObject* library_class) {
  auto* type = reinterpret_cast<PyTypeObject*>(library_class);
  if (!frames::is_python_class(type) || !find(type->tp_dict, "_abc_impl")) return;
  const Ref dump = call_method(import("_abc"), "_get_dump", library_class);
  const Ref members = own(PySequence_List(item(dump, 0)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(members.get()); ++i) {
    const Ref registered = call(PyList_GET_ITEM(members.get(), i));
    if (PyType_Check(registered.get()) &&
        by_value_.type(reinterpret_cast<PyTypeObject*>(registered.get())))
      append(registrations_, pack(library_class, registered));
  }
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

// argparse.SUPPRESS is compared by identity. Interned strings and those of one character exist once
// anyway.
void Saver::note_string(PyObject* module_name, PyObject* key, PyObject* value) {
  constexpr Py_ssize_t kLongest = 64;
  const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
  if (length < 2 || length > kLongest || PyUnicode_CHECK_INTERNED(value)) return;
  if (begins_with(utf8(key), "__") || string_places_.find(value)) return;
  const Ref place = pack(module_name, key);
  string_places_.insert(value, place.get());
  keep_.push_back(place);
  append(library_strings_, Ref::borrow(value));
}

// A class that a library has made inside a function goes by value too, but is the library's.
bool Saver::is_class_of_script(PyTypeObject* type) {
  return by_value_.type(type) && by_value_.module_named(find(type->tp_dict, "__module__"));
}

bool Saver::is_sentinel(PyObject* module_name, PyObject* key, PyObject* value) {
  if (is_simple(value)) return false;
  const std::string attribute = utf8(key);
  if (begins_with(attribute, "__") && attribute != "__stdin__" && attribute != "__stdout__" &&
      attribute != "__stderr__")
    return false;
  return !is_class_of_script(Py_TYPE(value)) && !is_script_hook(utf8(module_name), attribute);
}

void Saver::register_library_values(PyObject* name, PyObject* module) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  const bool changed = changed_since_import(module);
  while (PyDict_Next(PyModule_GetDict(module), &position, &key, &value)) {
    if (!PyUnicode_Check(key)) continue;
    if (PyType_Check(value)) note_registrations(value);
    if (PyUnicode_CheckExact(value)) note_string(name, key, value);
    if (!is_sentinel(name, key, value) || ids_.find(value)) continue;
    if (is_new_name(module, key)) continue;
    if (is_counter(value) || (changed && made_after_import(module, key, value))) continue;
    add(value, pack(text("s"), name, key));
    note_lock(value);
  }
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
  for (const auto& [name, module] : library) register_library_values(name, module);
  register_library_locks();
  if (const Ref logger = loaded_attr("logging", "Logger"))
    if (const Ref manager = attr_or_null(logger.get(), "manager"))
      add(manager.get(), pack(text("s"), text("logging"), text("Logger.manager")));
}

}  // namespace chkpt::heap
