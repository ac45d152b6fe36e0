// SPDX-License-Identifier: BSD-3-Clause
// The record is made anew whenever the outermost import of a library module ends.
#include "python/heap/modules/library_baseline.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "python/error.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/modules/import_directory.hpp"
#include "python/heap/modules/import_draws.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/heap/modules/import_order.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/compiled/own_libraries.hpp"
#include "python/heap/compiled/own_modules.hpp"
#include "python/heap/modules/library_paths.hpp"

namespace chkpt::heap {
namespace {

// Not followed although no process part restores them: caches of patterns and of classes, the
// machinery of imports, and what belongs to this very process.
constexpr const char* kLeftOut[] = {"site",
                                    "weakref",
                                    "re",
                                    "importlib",
                                    "zipimport",
                                    "traceback",
                                    "inspect",
                                    "asyncio",
                                    "subprocess",
                                    "concurrent",
                                    "typing",
                                    "selectors",
                                    "socket",
                                    "ssl",
                                    "ctypes",
                                    "chkpt",
                                    "mpi4py",
                                    "enum",
                                    "abc",
                                    "_abc",
                                    "_weakrefset",
                                    "_frozen_importlib",
                                    "_frozen_importlib_external",
                                    "multiprocessing"};

LibraryBaseline* g_baseline = nullptr;
PyObject* g_load_unlocked = nullptr;  // the real importlib._bootstrap._load_unlocked

// Packages in Python within those.
constexpr const char* kFollowed[] = {"mpi4py.futures", "mpi4py.util"};

bool is_within(const std::string& module, const std::string& package) {
  return module == package || module.compare(0, package.size() + 1, package + ".") == 0;
}

bool is_left_out_name(const std::string& module) {
  const auto has_it = [&](const char* package) { return is_within(module, package); };
  if (std::any_of(std::begin(kFollowed), std::end(kFollowed), has_it)) return false;
  static const std::set<std::string> names = [] {
    std::set<std::string> all(std::begin(kLeftOut), std::end(kLeftOut));
    for (const ProcessPart* part : process_parts())
      all.insert(part->modules.begin(), part->modules.end());
    return all;
  }();
  return names.count(module.substr(0, module.find('.'))) != 0;
}

bool is_left_out_class(PyTypeObject* type) {
  PyObject* module = find(type->tp_dict, "__module__");
  if (!module || !PyUnicode_Check(module)) return true;
  return is_left_out_name(utf8(module)) || g_baseline->by_value.module_named(module);
}

// Events, conditions and the like are state of the library that has them; threads are not.
bool is_for_synchronisation(PyTypeObject* type) {
  PyObject* module = find(type->tp_dict, "__module__");
  const Ref thread = loaded_attr("threading", "Thread");
  return module && PyUnicode_Check(module) && utf8(module) == "threading" && thread &&
         !PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(thread.get()));
}

// The part for logging restores loggers, with the handlers that they have by then.
bool is_log_handler(PyObject* object) {
  const Ref handler = loaded_attr("logging", "Handler");
  return handler && PyType_Check(handler.get()) &&
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(handler.get()));
}

bool is_left_out_function(PyObject* object) {
  PyObject* module = reinterpret_cast<PyFunctionObject*>(object)->func_module;
  if (!module || !PyUnicode_Check(module)) return true;
  return is_left_out_name(utf8(module)) || g_baseline->by_value.module_named(module);
}

bool is_left_out_cache(PyObject* object) {
  const Ref module = attr_or_null(object, "__module__");
  if (!module || !PyUnicode_Check(module.get())) return true;
  return is_left_out_name(utf8(module.get())) || g_baseline->by_value.module_named(module.get());
}

bool is_left_out(PyObject* object, Holder holder) {
  if (g_baseline->left_out.find(object)) return true;
  if (holder == Holder::kClass) return is_left_out_class(reinterpret_cast<PyTypeObject*>(object));
  if (holder == Holder::kFunction) return is_left_out_function(object);
  if (holder == Holder::kCache) return is_left_out_cache(object);
  if (holder == Holder::kWrapper) return false;
  if (holder == Holder::kInstance)
    return is_left_out_class(Py_TYPE(object)) && !is_for_synchronisation(Py_TYPE(object)) &&
           !is_log_handler(object);
  return PyDict_CheckExact(object) && is_module_namespace(object);
}

// Modules written in Python, also those that a class of its own fills when they are asked for
// something: what a C module changes in its dict has a counterpart in its memory.
bool is_followed(PyObject* name, PyObject* module) {
  if (!PyUnicode_Check(name) || !PyModule_Check(module)) return false;
  PyObject* file = find(PyModule_GetDict(module), "__file__");
  if (!file && frames::is_python_class(Py_TYPE(module)))
    return !g_baseline->by_value.module(name, module);
  if (!file || !PyUnicode_Check(file)) return false;
  if (!is_python_source(utf8(file))) return false;
  return !g_baseline->by_value.module(name, module);
}

using Extent = UnfollowedModules::Extent;

// Of a module that is left out. The machinery of imports and chkpt itself are as chkpt makes them,
// and a process part restores all of the built-ins.
Extent extent_of(PyObject* name, PyObject* module) {
  static const std::set<std::string> own_business = {
      "builtins", "_frozen_importlib", "_frozen_importlib_external", "zipimport", "site", "_imp"};
  const std::string module_name = utf8(name), top = module_name.substr(0, module_name.find('.'));
  if (own_business.count(module_name) != 0 || top == "chkpt") return Extent::kNames;
  const bool of_a_part = std::none_of(std::begin(kLeftOut), std::end(kLeftOut),
                                      [&](const char* left_out) { return top == left_out; });
  return of_a_part || !is_followed(name, module) ? Extent::kDefinitions : Extent::kConstants;
}

void leave_out_contents(PyObject* module) {
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(PyModule_GetDict(module), &position, &name, &value);) {
    if (holder_of(value) == Holder::kNone || PyType_Check(value)) continue;
    if (g_baseline->left_out.insert(value, true)) g_baseline->kept.push_back(Ref::borrow(value));
  }
}

// First those that are left out: others hold their objects too.
void record_new_modules() {
  const Ref modules = own(PyDict_Items(PyImport_GetModuleDict()));
  for (const bool left_out : {true, false}) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(modules.get()); ++i) {
      PyObject* name = item(PyList_GET_ITEM(modules.get(), i), 0);
      PyObject* module = item(PyList_GET_ITEM(modules.get(), i), 1);
      if (!PyUnicode_Check(name) || !PyModule_Check(module)) continue;
      if (is_left_out_name(utf8(name)) != left_out) continue;
      if (left_out) {
        leave_out_contents(module);
        g_baseline->unfollowed.record(name, module, extent_of(name, module));
      } else if (!is_followed(name, module)) {
        g_baseline->unfollowed.record(
            name, module,
            g_baseline->by_value.module(name, module) ? Extent::kNames : Extent::kDefinitions);
      } else if (!g_baseline->nodes.knows(module)) {
        g_baseline->nodes.record(name, module);
      }
    }
  }
}

// Extensions add submodules to sys.modules themselves, and packages put objects of their own there
// in place of modules: a new import does it again.
void note_bare_modules(bool of_library) {
  const Ref modules = own(PyDict_Values(PyImport_GetModuleDict()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(modules.get()); ++i) {
    PyObject* module = PyList_GET_ITEM(modules.get(), i);
    if (!PyModule_Check(module) || !is_bare_module(module)) continue;
    if (g_baseline->bare.insert(module, of_library))
      g_baseline->kept.push_back(Ref::borrow(module));
  }
}

bool is_library(PyObject* spec) {
  const Ref origin = attr_or_null(spec, "origin");
  return !origin || !PyUnicode_Check(origin.get()) || is_library_origin(utf8(origin.get()));
}

// Bookkeeping of ours never fails an import.
template <class Work>
void quietly(const std::string& what, Work work) {
  const PendingException pending;
  try {
    work();
  } catch (...) {
    set_python_exception();
    note_unobserved(what, take_exception_text());
  }
}

GivenObjects given_objects() {
  GivenObjects given;
  add_streams_of_script(given);
  g_baseline->nodes.add_changed_values(
      given, [](PyObject* value) { return g_baseline->by_value.of_script(value); });
  g_baseline->unfollowed.add_changed_values(given);
  return given;
}

// One import of a library module; the outermost one ends with a new record.
class LibraryImport {
 public:
  explicit LibraryImport(PyObject* spec) {
    if (g_baseline->depth++ > 0) {
      quietly("inside an import", [&] { note_brought(attr(spec, "name").get(), outermost()); });
      return;
    }
    g_baseline->script_ran = false;
    quietly("before an import", [&] {
      g_baseline->outermost = attr(spec, "name");
      note_brought(outermost(), outermost());
      note_environment_for(spec);
      note_directory_for(spec);
      note_bare_modules(false);
      note_module_entries(false);
      before_ = own(PyDict_Copy(PyImport_GetModuleDict()));
      g_baseline->nodes.mark_changed();
      g_baseline->unfollowed.mark_changed();
      g_baseline->nodes.set_given(given_objects());
      draws_.emplace(spec);
    });
  }
  ~LibraryImport() {
    if (!g_baseline || --g_baseline->depth > 0) return;
    quietly("after an import", [&] {
      if (draws_) draws_->finish();
      note_bare_modules(!g_baseline->script_ran);
      note_module_entries(!g_baseline->script_ran);
      if (!g_baseline->script_ran) {
        g_baseline->nodes.record_unmarked();
        g_baseline->unfollowed.record_unmarked();
      }
      record_new_modules();
      g_baseline->nodes.set_given({});
      if (before_) g_baseline->imported.note_new(before_);
    });
  }
  LibraryImport(const LibraryImport&) = delete;
  LibraryImport& operator=(const LibraryImport&) = delete;

 private:
  static PyObject* outermost() { return g_baseline->outermost.get(); }

  std::optional<ImportDraws> draws_;
  Ref before_;  // sys.modules
};

// The script's own modules change library modules as the script does.
class ScriptImport {
 public:
  ScriptImport() : depth_(std::exchange(g_baseline->depth, 0)), outermost_(g_baseline->outermost) {}
  ~ScriptImport() {
    if (!g_baseline) return;
    g_baseline->depth = depth_;
    g_baseline->outermost = outermost_;
    if (depth_ > 0) g_baseline->script_ran = true;
  }
  ScriptImport(const ScriptImport&) = delete;
  ScriptImport& operator=(const ScriptImport&) = delete;

 private:
  int depth_;
  Ref outermost_;
};

void observe(PyObject* module) {
  if (!PyModule_Check(module)) return;
  for (const ImportObserver observer : import_observers())
    quietly(utf8_attr(module, "__name__"), [&] { observer(module); });
}

// _load_unlocked(spec): the module as the real one returns it.
Ref load_and_record(Args args) {
  if (!g_baseline) return call(g_load_unlocked, args[0]);
  if (is_library(args[0])) {
    const LibraryImport import(args[0]);
    Ref module = call(g_load_unlocked, args[0]);
    observe(module.get());
    quietly("after an import", [&] { note_new_generator(utf8_attr(args[0], "name")); });
    return module;
  }
  const ScriptImport import;
  Ref module = call(g_load_unlocked, args[0]);
  observe(module.get());
  return module;
}
PyMethodDef g_load_method = {
    "_load_unlocked",
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guarded<load_and_record>)),
    METH_FASTCALL, nullptr};

}  // namespace

LibraryBaseline* library_baseline() { return g_baseline; }

void watch_library_globals() {
  g_baseline = new LibraryBaseline(is_left_out);
  record_new_modules();
  g_baseline->imported.note_new(new_dict());
  note_module_entries(true);
  note_new_generator("random");
  note_first_streams();
  note_first_environment();
  note_first_directory();
  const Ref bootstrap = import("_frozen_importlib");
  g_load_unlocked = attr(bootstrap, "_load_unlocked").release();
  const Ref wrapped = own(PyCFunction_NewEx(&g_load_method, nullptr, nullptr));
  set_attr(bootstrap.get(), "_load_unlocked", wrapped.get());
}

void forget_library_globals() {
  if (!g_baseline) return;
  forget_own_modules();
  forget_own_libraries();
  forget_first_streams();
  set_attr(import("_frozen_importlib").get(), "_load_unlocked", g_load_unlocked);
  delete std::exchange(g_baseline, nullptr);
  forget_module_entries();
}

void note_unobserved(const std::string& what, const std::string& why) {
  if (g_baseline && g_baseline->unobserved.empty()) g_baseline->unobserved = what + ": " + why;
}

bool made_after_import(PyObject* module, PyObject* name, PyObject* value) {
  if (!g_baseline) return false;
  const LibraryNodes::Node* node = g_baseline->nodes.find(module);
  return (node && !LibraryNodes::held(*node, name, value)) ||
         g_baseline->unfollowed.is_replaced(module, name, value);
}

Ref said_at_import(PyTypeObject* type, const char* name) {
  if (!g_baseline) return {};
  PyObject* const object = raw(type);
  const LibraryNodes::Node* node = g_baseline->nodes.find(object);
  PyObject* said = node ? LibraryNodes::value_at_import(*node, name)
                        : g_baseline->unfollowed.constant_at_import(object, name);
  return said && PyUnicode_Check(said) ? Ref::borrow(said) : Ref();
}

bool is_new_name(PyObject* module, PyObject* name) {
  return g_baseline && g_baseline->unfollowed.is_new_name(module, name);
}

bool changed_since_import(PyObject* module) {
  if (!g_baseline) return false;
  const LibraryNodes::Node* node = g_baseline->nodes.find(module);
  return (node && g_baseline->nodes.differs(*node)) || g_baseline->unfollowed.may_differ(module);
}

bool is_class_of_followed(PyTypeObject* type) { return g_baseline && !is_left_out_class(type); }

bool made_by_library_import(PyObject* module) {
  const bool* known = g_baseline ? g_baseline->bare.find(module) : nullptr;
  return known && *known;
}

}  // namespace chkpt::heap
