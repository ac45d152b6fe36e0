// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/library_globals.hpp"

#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "python/error.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/library_nodes.hpp"

namespace chkpt::heap {
namespace {

// Restored by parts of their own, caches of source text, or numbers of this very process.
bool is_left_out_name(const std::string& module) {
  static const std::set<std::string> names = {"sys",
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
                                              "typing",
                                              "selectors",
                                              "socket",
                                              "ssl",
                                              "ctypes",
                                              "chkpt",
                                              "mpi4py",
                                              "_weakrefset",
                                              "enum",
                                              "abc",
                                              "_abc",
                                              "_frozen_importlib",
                                              "_frozen_importlib_external",
                                              "multiprocessing"};
  return names.count(module.substr(0, module.find('.'))) != 0;
}

using Name = std::pair<PyObject*, std::string>;  // a name of a module or class; "" is all of it

struct Baseline {
  explicit Baseline(std::function<bool(PyObject*, Holder)> stay_out) : nodes(std::move(stay_out)) {}
  LibraryNodes nodes;
  ByValue by_value;
  PointerTable<bool> left_out;  // what modules that are left out hold
  PointerTable<bool> bare;      // modules from no file; whether a library module made them
  std::vector<Ref> kept;        // those objects, so that their addresses stay their own
  std::set<Name> unsaveable;
  int depth = 0;            // of imports of library modules
  bool script_ran = false;  // inside the outermost of them
};
Baseline* g_baseline = nullptr;       // null when the script has ended
PyObject* g_load_unlocked = nullptr;  // the real importlib._bootstrap._load_unlocked

bool is_namespace(PyObject* dict) {
  PyObject* name = find(dict, "__name__");
  if (!name || !PyUnicode_Check(name)) return false;
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
  return module && PyModule_Check(module) && PyModule_GetDict(module) == dict;
}

bool is_left_out_class(PyTypeObject* type) {
  PyObject* module = find(type->tp_dict, "__module__");
  if (!module || !PyUnicode_Check(module)) return true;
  return is_left_out_name(utf8(module)) || g_baseline->by_value.module_named(module);
}

bool is_left_out(PyObject* object, Holder holder) {
  if (g_baseline->left_out.find(object)) return true;
  if (holder == Holder::kClass) return is_left_out_class(reinterpret_cast<PyTypeObject*>(object));
  if (holder == Holder::kInstance) return is_left_out_class(Py_TYPE(object));
  return PyDict_CheckExact(object) && is_namespace(object);
}

// Modules written in Python: what a C module changes in its dict has a counterpart in its memory.
bool is_followed(PyObject* name, PyObject* module) {
  if (!PyUnicode_Check(name) || !PyModule_Check(module)) return false;
  PyObject* file = find(PyModule_GetDict(module), "__file__");
  if (!file || !PyUnicode_Check(file)) return false;
  const std::string path = utf8(file);
  const auto dot = path.rfind(".py");
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return false;
  return !g_baseline->by_value.module(name, module);
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
      } else if (!g_baseline->nodes.knows(module) && is_followed(name, module)) {
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
  return !origin || !PyUnicode_Check(origin.get()) ||
         g_baseline->by_value.is_library_origin(utf8(origin.get()));
}

// Bookkeeping of ours never fails an import.
template <class Work>
void quietly(Work work) {
  const PendingException pending;
  try {
    work();
  } catch (const Raised&) {
    PyErr_Clear();
  }
}

// One import of a library module; the outermost one ends with a new record.
class LibraryImport {
 public:
  LibraryImport() {
    if (g_baseline->depth++ > 0) return;
    g_baseline->script_ran = false;
    quietly([] {
      note_bare_modules(false);
      g_baseline->nodes.mark_changed();
    });
  }
  ~LibraryImport() {
    if (!g_baseline || --g_baseline->depth > 0) return;
    quietly([] {
      note_bare_modules(!g_baseline->script_ran);
      if (!g_baseline->script_ran) g_baseline->nodes.record_unmarked();
      record_new_modules();
    });
  }
  LibraryImport(const LibraryImport&) = delete;
  LibraryImport& operator=(const LibraryImport&) = delete;
};

// The script's own modules change library modules as the script does.
class ScriptImport {
 public:
  ScriptImport() : depth_(std::exchange(g_baseline->depth, 0)) {}
  ~ScriptImport() {
    if (!g_baseline) return;
    g_baseline->depth = depth_;
    if (depth_ > 0) g_baseline->script_ran = true;
  }
  ScriptImport(const ScriptImport&) = delete;
  ScriptImport& operator=(const ScriptImport&) = delete;

 private:
  int depth_;
};

// _load_unlocked(spec): the module as the real one returns it.
Ref load_and_record(Args args) {
  if (!g_baseline) return call(g_load_unlocked, args[0]);
  if (is_library(args[0])) {
    const LibraryImport import;
    return call(g_load_unlocked, args[0]);
  }
  const ScriptImport import;
  return call(g_load_unlocked, args[0]);
}
PyMethodDef g_load_method = {
    "_load_unlocked",
    reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guarded<load_and_record>)),
    METH_FASTCALL, nullptr};

// ---- what has changed

Entries entries_now(const LibraryNodes::Node& node) {
  Entries now;
  read_entries(node.object.get(), node.holder, now);
  return now;
}

bool is_nameable(const LibraryNodes::Node& node) {
  return node.holder == Holder::kModule || node.holder == Holder::kClass;
}

bool is_unsaveable(const LibraryNodes::Node& node, const std::string& name) {
  return g_baseline->unsaveable.count({node.object.get(), name}) != 0;
}

Ref key_of(const Entry& entry) {
  return entry.part == Part::kSlot ? number(entry.slot)
         : entry.key               ? Ref::borrow(entry.key)
                                   : none();
}

Ref with_value(const Entry& entry) {
  return pack(number(static_cast<int>(entry.part)), key_of(entry), entry.value);
}
Ref without_value(const Entry& entry) {
  return pack(number(static_cast<int>(entry.part)), key_of(entry));
}

// The names that differ; they stay in their order in the module or class otherwise.
Ref changed_names(const LibraryNodes::Node& node) {
  const Ref changes = new_list();
  const Entries now = entries_now(node);
  PointerTable<PyObject*> before, names;
  for (const Entry& entry : node.entries) before.insert(entry.key, entry.value);
  for (const Entry& entry : now) {
    names.insert(entry.key, nullptr);
    PyObject** value = before.find(entry.key);
    if (value && same_value(*value, entry.value)) continue;
    if (!is_unsaveable(node, utf8(entry.key))) append(changes, with_value(entry));
  }
  for (const Entry& entry : node.entries)
    if (!names.find(entry.key)) append(changes, without_value(entry));
  return changes;
}

// An object that a new import makes need not be saved, and perhaps cannot be: a lock, for instance.
bool is_made_by_import(const Entry& entry, const Entry* before) {
  return before && before->part == entry.part && before->value == entry.value &&
         !is_atom(entry.value) && holder_of(entry.value) == Holder::kNone;
}

Ref all_entries(const LibraryNodes::Node& node) {
  const Ref entries = new_list();
  const Entries now = entries_now(node);
  PointerTable<const Entry*> before;
  for (const Entry& entry : node.entries)
    if (entry.key) before.insert(entry.key, &entry);
  for (std::size_t i = 0; i < now.size(); ++i) {
    const Entry** keyed = now[i].key ? before.find(now[i].key) : nullptr;
    const Entry* at_place = i < node.entries.size() ? &node.entries[i] : nullptr;
    const Entry* old = keyed ? *keyed : now[i].key ? nullptr : at_place;
    append(entries, is_made_by_import(now[i], old) ? without_value(now[i]) : with_value(now[i]));
  }
  return entries;
}

Ref contents_of(const LibraryNodes::Node& node) {
  return is_nameable(node) ? changed_names(node) : all_entries(node);
}

std::string described(PyObject* place, const std::string& name) {
  std::string text = utf8(item(place, 0));
  PyObject* steps = item(place, 1);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(steps); ++i) {
    PyObject* key = item(PyTuple_GET_ITEM(steps, i), 1);
    text += PyUnicode_Check(key) ? "." + utf8(key) : "[...]";
  }
  return name.empty() ? text : text + "." + name;
}

// ---- putting it back

Entry entry_of(PyObject* saved) {
  Entry entry{static_cast<Part>(integer(item(saved, 0))), nullptr, 0, nullptr};
  if (entry.part == Part::kSlot)
    entry.slot = static_cast<Py_ssize_t>(integer(item(saved, 1)));
  else if (entry.part != Part::kElement)
    entry.key = item(saved, 1);
  if (PyTuple_GET_SIZE(saved) > 2) entry.value = item(saved, 2);
  return entry;
}

void restore_names(PyObject* object, Holder holder, PyObject* saved) {
  Entries now;
  read_entries(object, holder, now);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    const Entry entry = entry_of(PyList_GET_ITEM(saved, i));
    bool there = false;
    for (const Entry& other : now) there = there || same_value(other.key, entry.key);
    if (entry.value || there) write_name(object, holder, entry.key, entry.value);
  }
}

PyObject* value_as_imported(const Entries& imported, const Entry& wanted, std::size_t i) {
  if (wanted.part == Part::kElement)
    return i < imported.size() && imported[i].part == wanted.part ? imported[i].value : nullptr;
  for (const Entry& entry : imported) {
    if (entry.part != wanted.part || entry.slot != wanted.slot) continue;
    if (!entry.key || entry.key == wanted.key || same_value(entry.key, wanted.key))
      return entry.value;
  }
  return nullptr;
}

void restore_entries(PyObject* object, Holder holder, PyObject* saved, PyObject* place) {
  Entries imported, entries;
  read_entries(object, holder, imported);
  std::vector<Ref> kept;  // while the object is emptied
  for (const Entry& entry : imported) kept.push_back(Ref::borrow(entry.value));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    Entry entry = entry_of(PyList_GET_ITEM(saved, i));
    if (!entry.value) entry.value = value_as_imported(imported, entry, static_cast<std::size_t>(i));
    if (!entry.value) broken("another " + described(place, "") + " was imported than before");
    entries.push_back(entry);
  }
  write_entries(object, holder, entries);
}

void restore_one(PyObject* saved) {
  PyObject* place = item(saved, 0);
  if (!PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0))) return;  // nobody has it
  const Ref object = library_object_at(place);
  const auto holder = static_cast<Holder>(integer(item(saved, 1)));
  if (holder_of(object.get()) != holder)
    broken("another " + described(place, "") + " was imported than before");
  if (holder == Holder::kModule || holder == Holder::kClass)
    restore_names(object.get(), holder, item(saved, 2));
  else
    restore_entries(object.get(), holder, item(saved, 2), place);
}

}  // namespace

void watch_library_globals() {
  g_baseline = new Baseline(is_left_out);
  record_new_modules();
  const Ref bootstrap = import("_frozen_importlib");
  g_load_unlocked = attr(bootstrap, "_load_unlocked").release();
  const Ref wrapped = own(PyCFunction_NewEx(&g_load_method, nullptr, nullptr));
  set_attr(bootstrap.get(), "_load_unlocked", wrapped.get());
}

void forget_library_globals() {
  if (!g_baseline) return;
  set_attr(import("_frozen_importlib").get(), "_load_unlocked", g_load_unlocked);
  delete std::exchange(g_baseline, nullptr);
}

Ref changed_library_globals() {
  const Ref changes = new_list();
  if (!g_baseline) return changes;
  for (const LibraryNodes::Node* node : g_baseline->nodes.changed_nodes()) {
    const Ref place = g_baseline->nodes.place_of(node->object.get());
    if (!place || is_unsaveable(*node, "")) continue;
    const Ref contents = contents_of(*node);
    if (is_nameable(*node) && PyList_GET_SIZE(contents.get()) == 0) continue;
    append(changes, pack(place, number(static_cast<int>(node->holder)), contents));
  }
  return changes;
}

void restore_library_globals(PyObject* changed) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changed); ++i)
    restore_one(PyList_GET_ITEM(changed, i));
}

bool leave_out_unsaveable(const std::function<std::string(PyObject* value)>& why_not) {
  if (!g_baseline) return false;
  const std::size_t known = g_baseline->unsaveable.size();
  for (const LibraryNodes::Node* node : g_baseline->nodes.changed_nodes()) {
    const Ref place = g_baseline->nodes.place_of(node->object.get());
    if (!place || is_unsaveable(*node, "")) continue;
    const Ref contents = contents_of(*node);
    const Py_ssize_t parts = is_nameable(*node) ? PyList_GET_SIZE(contents.get()) : 1;
    for (Py_ssize_t i = 0; i < parts; ++i) {
      PyObject* part = is_nameable(*node) ? PyList_GET_ITEM(contents.get(), i) : contents.get();
      const std::string why = why_not(part);
      if (why.empty()) continue;
      const std::string name = is_nameable(*node) ? utf8(item(part, 1)) : "";
      g_baseline->unsaveable.insert({node->object.get(), name});
      log::event("not saved: " + described(place.get(), name) +
                 ", changed since its import: " + why);
    }
  }
  return g_baseline->unsaveable.size() > known;
}

bool made_after_import(PyObject* module, PyObject* name, PyObject* value) {
  if (!g_baseline) return false;
  const LibraryNodes::Node* node = g_baseline->nodes.find(module);
  return node && !LibraryNodes::held(*node, name, value);
}

bool changed_since_import(PyObject* module) {
  if (!g_baseline) return false;
  const LibraryNodes::Node* node = g_baseline->nodes.find(module);
  return node && g_baseline->nodes.differs(*node);
}

bool made_by_library_import(PyObject* module) {
  const bool* known = g_baseline ? g_baseline->bare.find(module) : nullptr;
  return known && *known;
}

Ref library_place_of(PyObject* object) {
  return g_baseline ? g_baseline->nodes.place_of(object) : Ref();
}

Ref library_object_at(PyObject* place) {
  Ref object = object_at(place);
  if (!object) broken("another " + described(place, "") + " was imported than before");
  return object;
}

}  // namespace chkpt::heap
