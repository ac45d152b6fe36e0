// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/library_globals.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/lru_cache.hpp"
#include "python/heap/modules/library_baseline.hpp"

namespace chkpt::heap {
namespace {

// ---- what has changed

Entries entries_now(const LibraryNodes::Node& node) {
  Entries now;
  read_entries(node.object.get(), node.holder, now);
  return now;
}

bool is_nameable(const LibraryNodes::Node& node) {
  return node.holder == Holder::kModule || node.holder == Holder::kClass;
}

bool is_unsaveable(PyObject* object, const std::string& name) {
  return library_baseline()->unsaveable.count({object, name}) != 0;
}
bool is_unsaveable(const LibraryNodes::Node& node, const std::string& name) {
  return is_unsaveable(node.object.get(), name);
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

// What read_entries() passes over is there all the same: a submodule in the place of something
// else.
bool has_name(const LibraryNodes::Node& node, PyObject* name) {
  return node.holder == Holder::kModule &&
         ok(PyDict_Contains(PyModule_GetDict(node.object.get()), name)) == 1;
}

bool is_restored(const LibraryNodes::Node& node, PyObject* name) {
  return node.restored && ok(PySet_Contains(node.restored.get(), name)) == 1;
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
    if (value && same_value(*value, entry.value) && !is_restored(node, entry.key)) continue;
    if (!is_unsaveable(node, utf8(entry.key))) append(changes, with_value(entry));
  }
  for (const Entry& entry : node.entries)
    if (!names.find(entry.key) && !has_name(node, entry.key)) append(changes, without_value(entry));
  return changes;
}

// An object that a new import makes need not be saved, and perhaps cannot be: a lock, for instance.
bool is_made_by_import(const Entry& entry, const Entry* before) {
  return before && before->part == entry.part && before->value == entry.value &&
         !is_atom(entry.value) && holder_of(entry.value) == Holder::kNone;
}

// What has an order of its own, or none that a new import repeats; null if it has parts.
Ref whole_of(const LibraryNodes::Node& node) {
  if (node.holder == Holder::kCache) return cache_contents(node.object.get());
  return PySet_Check(node.object.get()) ? own(PySet_New(node.object.get())) : Ref();
}

Ref all_entries(const LibraryNodes::Node& node) {
  const Ref entries = new_list();
  const Entries now = entries_now(node);
  const Ref whole = whole_of(node);
  PointerTable<const Entry*> before;
  for (const Entry& entry : node.entries)
    if (entry.key) before.insert(entry.key, &entry);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (whole && (now[i].part == Part::kElement || now[i].part == Part::kWhole)) continue;
    const Entry** keyed = now[i].key ? before.find(now[i].key) : nullptr;
    const Entry* at_place = i < node.entries.size() ? &node.entries[i] : nullptr;
    const Entry* old = keyed ? *keyed : now[i].key ? nullptr : at_place;
    append(entries, is_made_by_import(now[i], old) ? without_value(now[i]) : with_value(now[i]));
  }
  if (whole) append(entries, pack(number(static_cast<int>(Part::kWhole)), none(), whole));
  return entries;
}

// Whether an import does not make this name at all: a resume would go on without it.
bool is_added(const LibraryNodes::Node& node, PyObject* change) {
  if (!is_nameable(node)) return false;
  for (const Entry& entry : node.entries)
    if (same_value(entry.key, item(change, 1))) return false;
  return true;
}

Ref contents_of(const LibraryNodes::Node& node) {
  return is_nameable(node) ? changed_names(node) : all_entries(node);
}

// Of a module that is not followed: a change like those of others, with its place.
Ref packed(const UnfollowedModules::Change& change) {
  const Entry entry{Part::kName, change.name.get(), 0, change.value.get()};
  const Ref changes = new_list();
  append(changes, change.value ? with_value(entry) : without_value(entry));
  const Holder holder = change.in_class ? Holder::kClass : Holder::kModule;
  return pack(change.place, number(static_cast<int>(holder)), changes);
}

// What a cache does not remember is found out again.
void say_not_saved(const LibraryNodes::Node& node, const std::string& what) {
  if (node.holder == Holder::kCache)
    log::info("not saved: " + what);
  else
    log::event("not saved: " + what);
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
  else if (entry.part != Part::kElement && entry.part != Part::kWhole)
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

const Entry* as_imported(const Entries& imported, const Entry& wanted, std::size_t i) {
  if (wanted.part == Part::kElement)
    return i < imported.size() && imported[i].part == wanted.part ? &imported[i] : nullptr;
  for (const Entry& entry : imported) {
    if (entry.part != wanted.part || entry.slot != wanted.slot) continue;
    if (!entry.key || entry.key == wanted.key || same_value(entry.key, wanted.key)) return &entry;
  }
  return nullptr;
}

bool is_simple_key(PyObject* key) {
  return key && (PyUnicode_CheckExact(key) || PyLong_CheckExact(key));
}

// The strings and numbers that are keys there, by themselves: they stay the same objects.
Ref simple_keys_in(const Entries& imported) {
  Ref keys = new_dict();
  for (const Entry& entry : imported)
    if (is_simple_key(entry.key)) ok(PyDict_SetItem(keys.get(), entry.key, entry.key));
  return keys;
}

void restore_entries(PyObject* object, Holder holder, PyObject* saved, PyObject* place) {
  Entries imported, entries;
  read_entries(object, holder, imported);
  std::vector<Ref> kept;  // while the object is emptied
  for (const Entry& entry : imported) {
    kept.push_back(Ref::borrow(entry.key));
    kept.push_back(Ref::borrow(entry.value));
  }
  const Ref keys = simple_keys_in(imported);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    Entry entry = entry_of(PyList_GET_ITEM(saved, i));
    if (is_simple_key(entry.key))
      if (PyObject* own_key = PyDict_GetItemWithError(keys.get(), entry.key)) entry.key = own_key;
    if (!entry.value) {
      const Entry* made = as_imported(imported, entry, static_cast<std::size_t>(i));
      if (!made || !made->value)
        broken("another " + described(place, "") + " was imported than before");
      entry = *made;  // by its own key the next save finds it again
    }
    entries.push_back(entry);
  }
  write_entries(object, holder, entries);
}

Ref names_in(PyObject* saved_entries) {
  const Ref names = own(PySet_New(nullptr));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved_entries); ++i)
    ok(PySet_Add(names.get(), item(PyList_GET_ITEM(saved_entries, i), 1)));
  return names;
}

// Nothing if the module is not imported: nobody has it.
Ref as_imported(PyObject* saved) {
  PyObject* place = item(saved, 0);
  if (!PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0))) return {};
  Ref object = library_object_at(place);
  const auto holder = static_cast<Holder>(integer(item(saved, 1)));
  const bool is_function = holder == Holder::kFunction && PyFunction_Check(object.get());
  if (holder_of(object.get()) != holder && !is_function)
    broken("another " + described(place, "") + " was imported than before");
  return object;
}

void restore_one(PyObject* saved, const Ref& object) {
  PyObject* place = item(saved, 0);
  const auto holder = static_cast<Holder>(integer(item(saved, 1)));
  const bool by_name = holder == Holder::kModule || holder == Holder::kClass;
  LibraryBaseline* const baseline = library_baseline();
  if (baseline) baseline->nodes.make_known(object.get(), place);
  if (by_name)
    restore_names(object.get(), holder, item(saved, 2));
  else
    restore_entries(object.get(), holder, item(saved, 2), place);
  if (baseline)
    baseline->nodes.note_restored(object.get(), by_name ? names_in(item(saved, 2)) : Ref());
}

// A resumed process has met them in another order.
void sort_by_place(const Ref& changes) {
  std::vector<std::pair<std::string, Ref>> keyed;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changes.get()); ++i) {
    PyObject* change = PyList_GET_ITEM(changes.get(), i);
    keyed.emplace_back(described(item(change, 0), ""), Ref::borrow(change));
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < keyed.size(); ++i)
    ok(PyList_SetItem(changes.get(), static_cast<Py_ssize_t>(i), keyed[i].second.release()));
}

}  // namespace

Ref changed_library_globals() {
  const Ref changes = new_list();
  LibraryBaseline* const baseline = library_baseline();
  if (!baseline) return changes;
  if (!baseline->unobserved.empty())
    refuse("what a library is like could not be found out when it was loaded: " +
           baseline->unobserved);
  for (const LibraryNodes::Node* node : baseline->nodes.changed_nodes()) {
    const Ref place = baseline->nodes.place_of(node->object.get());
    if (!place || is_unsaveable(*node, "")) continue;
    const Ref contents = contents_of(*node);
    if (is_nameable(*node) && PyList_GET_SIZE(contents.get()) == 0) continue;
    append(changes, pack(place, number(static_cast<int>(node->holder)), contents));
  }
  sort_by_place(changes);
  for (const UnfollowedModules::Change& change : baseline->unfollowed.changed())
    if (!is_unsaveable(change.holder.get(), utf8(change.name.get())))
      append(changes, packed(change));
  return changes;
}

// All are found before any is changed: the way to one may lead through what another was replaced
// by.
void restore_library_globals(PyObject* changed) {
  std::vector<Ref> objects;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changed); ++i)
    objects.push_back(as_imported(PyList_GET_ITEM(changed, i)));
  // Caches last: their keys are hashed by classes that others hold.
  for (const bool caches : {false, true})
    for (std::size_t i = 0; i < objects.size(); ++i)
      if (objects[i] && is_lru_cache_type(Py_TYPE(objects[i].get())) == caches)
        restore_one(PyList_GET_ITEM(changed, static_cast<Py_ssize_t>(i)), objects[i]);
}

bool leave_out_unsaveable(const std::function<std::string(PyObject* value)>& why_not) {
  LibraryBaseline* const baseline = library_baseline();
  if (!baseline) return false;
  const std::size_t known = baseline->unsaveable.size();
  for (const LibraryNodes::Node* node : baseline->nodes.changed_nodes()) {
    const Ref place = baseline->nodes.place_of(node->object.get());
    if (!place || is_unsaveable(*node, "")) continue;
    const Ref contents = contents_of(*node);
    const Py_ssize_t parts = is_nameable(*node) ? PyList_GET_SIZE(contents.get()) : 1;
    for (Py_ssize_t i = 0; i < parts; ++i) {
      PyObject* part = is_nameable(*node) ? PyList_GET_ITEM(contents.get(), i) : contents.get();
      const std::string why = why_not(part);
      if (why.empty()) continue;
      const std::string name = is_nameable(*node) ? utf8(item(part, 1)) : "";
      if (is_added(*node, part))
        throw CannotSave("`" + described(place.get(), name) +
                         "`, which the run has added to its library: " + why);
      baseline->unsaveable.insert({node->object.get(), name});
      say_not_saved(*node, described(place.get(), name) + ", changed since its import: " + why);
    }
  }
  for (const UnfollowedModules::Change& change : baseline->unfollowed.changed()) {
    if (!change.value || is_unsaveable(change.holder.get(), utf8(change.name.get()))) continue;
    const std::string why = why_not(change.value.get());
    if (why.empty()) continue;
    baseline->unsaveable.insert({change.holder.get(), utf8(change.name.get())});
    log::event("not saved: " + described(change.place.get(), utf8(change.name.get())) +
               ", changed since its import: " + why);
  }
  return baseline->unsaveable.size() > known;
}

Ref library_place_of(PyObject* object) {
  return library_baseline() ? library_baseline()->nodes.place_of(object) : Ref();
}

PyObject* library_object_with(const void* address) {
  auto* object = static_cast<PyObject*>(const_cast<void*>(address));
  const bool known = library_baseline() && library_baseline()->nodes.knows(object);
  return known && library_place_of(object) ? object : nullptr;
}

Ref library_locks() {
  const Ref locks = new_list();
  if (!library_baseline()) return locks;
  for (PyObject* lock : library_baseline()->nodes.locks())
    if (const Ref place = library_place_of(lock)) append(locks, pack(lock, place));
  return locks;
}

std::string place_text(PyObject* place) { return described(place, ""); }

Ref library_object_at(PyObject* place) {
  Ref object = object_at(place);
  if (!object) broken("another " + described(place, "") + " was imported than before");
  return object;
}

}  // namespace chkpt::heap
