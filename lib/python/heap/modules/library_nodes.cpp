// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/library_nodes.hpp"

#include <algorithm>
#include <cstring>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"

namespace chkpt::heap {
namespace {

constexpr std::size_t kMostEntries = 100'000;    // tables of constants
constexpr long long kLowestAddress = 1LL << 32;  // of objects that do not lie in the program

// In the place of an object that was given: no new import has it.
PyObject* given_marker() {
  static PyObject* const marker = own(PyObject_CallNoArgs(raw(&PyBaseObject_Type))).release();
  return marker;
}

void take(Entry& entry) {
  entry.value =
      is_counter(entry.value) ? counter_text(entry.value).release() : Py_NewRef(entry.value);
  Py_XINCREF(entry.key);
}

void drop(Entry& entry) {
  Py_XDECREF(entry.key);
  Py_DECREF(entry.value);
}

bool same_entries(const Entries& before, const Entries& now) {
  if (before.size() != now.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i)
    if (!same_entry(before[i], now[i])) return false;
  return true;
}

// What id() may have given, which a new import gives anew.
bool may_be_address(PyObject* number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  return !overflow && value >= kLowestAddress;
}

// Found again by its value or its name; the order of a dict may be that of addresses.
bool is_key(PyObject* key) {
  if (PyLong_CheckExact(key) && may_be_address(key)) return false;
  if (PyTuple_CheckExact(key)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
      if (!is_key(PyTuple_GET_ITEM(key, i))) return false;
    return true;
  }
  return is_atom(key) || PyType_Check(key) || PyFunction_Check(key);
}

// How `parent` held the object when its import ended; null if it did not.
Ref step_to(const LibraryNodes::Node& parent, PyObject* object) {
  for (std::size_t i = 0; i < parent.entries.size(); ++i) {
    const Entry& entry = parent.entries[i];
    if (entry.value != object || (entry.key && !is_key(entry.key))) continue;
    const Ref key = entry.key                   ? Ref::borrow(entry.key)
                    : entry.part == Part::kSlot ? number(entry.slot)
                                                : number(static_cast<long long>(i));
    return pack(number(static_cast<int>(entry.part)), key);
  }
  return {};
}

PyObject* value_at(const Entries& entries, PyObject* step) {
  const auto part = static_cast<Part>(integer(item(step, 0)));
  PyObject* key = item(step, 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.part != part) continue;
    const bool found = entry.key             ? same_value(key, entry.key)
                       : part == Part::kSlot ? entry.slot == integer(key)
                                             : static_cast<long long>(i) == integer(key);
    if (found) return entry.value;
  }
  return nullptr;
}

}  // namespace

LibraryNodes::~LibraryNodes() {
  for (Node& node : nodes_)
    for (Entry& entry : node.entries) drop(entry);
}

int LibraryNodes::add(PyObject* object, Holder holder, int parent, Ref name) {
  const int index = static_cast<int>(nodes_.size());
  nodes_.push_back({Ref::borrow(object), holder, parent, std::move(name), false, {}, Ref()});
  index_.insert(object, index);
  return index;
}

void LibraryNodes::remember(int index) {
  Node& node = nodes_[static_cast<std::size_t>(index)];
  Entries now;
  read_entries(node.object.get(), node.holder, now);
  if (now.size() > kMostEntries) now.clear();
  for (Entry& entry : now) {
    if (is_given(given_, entry.value)) entry.value = given_marker();
    take(entry);
  }
  node.entries.swap(now);
  node.compared = {};
  for (Entry& entry : now) drop(entry);
}

// A module that is found in another one only: those of six.moves are.
bool is_module_apart(PyObject* object) {
  if (!frames::is_python_class(Py_TYPE(object))) return false;
  PyObject* name = PyDict_GetItemString(PyModule_GetDict(object), "__name__");
  return name && PyDict_GetItemWithError(PyImport_GetModuleDict(), name) != object;
}

// Adds what the node holds and is not known yet.
void LibraryNodes::follow(int index) {
  const auto at = static_cast<std::size_t>(index);
  if (PyAnySet_Check(nodes_[at].object.get())) return;  // in no order that a new import repeats
  const bool node_is_class = nodes_[at].holder == Holder::kClass;
  const Entries held = nodes_[at].entries;  // add() may move the nodes
  for (const Entry& entry : held) {
    if (node_is_class && is_class_part(entry.key)) continue;
    if (is_lock(entry.value) && nodes_[at].holder != Holder::kModule && !knows(entry.value)) {
      add(entry.value, Holder::kNone, index, Ref());
      locks_.push_back(entry.value);
      continue;
    }
    if (is_weak_container(entry.value) && entry.key && is_key(entry.key) && !knows(entry.value) &&
        !is_left_out_(entry.value, Holder::kNone)) {
      add(entry.value, Holder::kNone, index, Ref());
      weak_containers_.push_back(entry.value);
      continue;
    }
    Holder holder = holder_of(entry.value);
    if (keeps_given(given_, entry.value)) holder = Holder::kFunction;
    if (holder == Holder::kNone || knows(entry.value)) continue;
    if (holder == Holder::kModule && !is_module_apart(entry.value)) continue;
    if (entry.key && !is_key(entry.key)) continue;
    if (!is_left_out_(entry.value, holder)) add(entry.value, holder, index, Ref());
  }
}

// Breadth first: the shortest way is the place.
void LibraryNodes::walk(int first) {
  for (int index = first; index < static_cast<int>(nodes_.size()); ++index) {
    remember(index);
    follow(index);
  }
}

void LibraryNodes::record(PyObject* name, PyObject* module) {
  if (knows(module)) return;
  walk(add(module, Holder::kModule, -1, Ref::borrow(name)));
}

const LibraryNodes::Node* LibraryNodes::find(PyObject* object) {
  const int* index = index_.find(object);
  return index ? &nodes_[static_cast<std::size_t>(*index)] : nullptr;
}

// The state that comparing a module, a class or a dict rests on; of others not known.
LibraryNodes::Node::Compared LibraryNodes::state_of(const Node& node) {
  PyObject* object = node.object.get();
  PyObject* names = nullptr;
  if (node.holder == Holder::kModule) names = PyModule_GetDict(object);
  if (node.holder == Holder::kClass) names = reinterpret_cast<PyTypeObject*>(object)->tp_dict;
  if (node.holder == Holder::kContainer && PyDict_CheckExact(object)) names = object;
  if (!names) return {};
  // Another name or base is no change of its namespace.
  if (node.holder == Holder::kClass && !has_class_parts(object, node.entries)) return {};
  return {frames::dict_version(names), frames::dict_version(PyImport_GetModuleDict()), false};
}

bool LibraryNodes::differs(const Node& node) {
  if (node.holder == Holder::kTuple || node.holder == Holder::kWrapper) return false;
  Node::Compared now = state_of(node);
  if (now.names != 0 && now.names == node.compared.names && now.modules == node.compared.modules)
    return node.compared.differs;
  scratch_.clear();
  read_entries(node.object.get(), node.holder, scratch_);
  if (scratch_.size() > kMostEntries && node.entries.empty()) return false;
  now.differs = !same_entries(node.entries, scratch_);
  // A counter goes on without a change of what holds it.
  const bool lasts = std::none_of(scratch_.begin(), scratch_.end(),
                                  [](const Entry& entry) { return is_counter(entry.value); });
  node.compared = lasts ? now : Node::Compared{};
  return now.differs;
}

void LibraryNodes::mark_changed() {
  for (Node& node : nodes_)
    if (!node.changed && differs(node)) node.changed = true;
}

void LibraryNodes::record_unmarked() {
  const int count = static_cast<int>(nodes_.size());
  for (int index = 0; index < count; ++index) {
    const Node& node = nodes_[static_cast<std::size_t>(index)];
    if (node.changed || !differs(node)) continue;
    remember(index);
    follow(index);
  }
  walk(count);
}

// What lies deeper than names of modules may be the doing of libraries, in their caches.
void LibraryNodes::add_changed_values(GivenObjects& values,
                                      const std::function<bool(PyObject*)>& is_of_script) {
  for (const Node& node : nodes_) {
    if (!node.changed) continue;
    PointerTable<PyObject*> before;
    for (const Entry& entry : node.entries)
      if (entry.key) before.insert(entry.key, entry.value);
    scratch_.clear();
    read_entries(node.object.get(), node.holder, scratch_);
    for (const Entry& entry : scratch_) {
      PyObject** value = entry.key ? before.find(entry.key) : nullptr;
      if ((value && *value == entry.value) || !is_object_of_its_own(entry.value)) continue;
      if (node.holder == Holder::kModule || is_of_script(entry.value))
        values.insert(entry.value, true);
    }
  }
}

std::vector<const LibraryNodes::Node*> LibraryNodes::changed_nodes() {
  std::vector<const Node*> changed;
  for (const Node& node : nodes_)
    if (node.restored || differs(node)) changed.push_back(&node);
  return changed;
}

void LibraryNodes::make_known(PyObject* object, PyObject* place) {
  if (knows(object)) return;
  PyObject* steps = item(place, 1);
  const Ref way = own(PyTuple_GetSlice(steps, 0, PyTuple_GET_SIZE(steps) - 1));
  const Ref parent = object_at(pack(item(place, 0), way).get());
  const int* index = parent ? index_.find(parent.get()) : nullptr;
  if (!index) return;
  const Holder holder = PyFunction_Check(object) ? Holder::kFunction : holder_of(object);
  remember(add(object, holder, *index, Ref()));
}

void LibraryNodes::note_restored(PyObject* object, const Ref& names) {
  if (const int* index = index_.find(object))
    nodes_[static_cast<std::size_t>(*index)].restored = names ? names : none();
}

bool LibraryNodes::held(const Node& module, PyObject* name, PyObject* value) {
  for (const Entry& entry : module.entries)
    if (same_value(entry.key, name)) return entry.value == value;
  return false;
}

PyObject* LibraryNodes::value_at_import(const Node& node, const char* name) {
  for (const Entry& entry : node.entries)
    if (entry.part == Part::kName && PyUnicode_Check(entry.key) &&
        PyUnicode_CompareWithASCIIString(entry.key, name) == 0)
      return entry.value;
  return nullptr;
}

Ref LibraryNodes::place_of(PyObject* object) {
  const Node* node = find(object);
  if (!node) return {};
  const Ref steps = new_list();
  while (node->parent >= 0) {
    const Node& parent = nodes_[static_cast<std::size_t>(node->parent)];
    const Ref step = step_to(parent, node->object.get());
    if (!step) return {};
    append(steps, step);
    node = &parent;
  }
  // A module that has left sys.modules: an import would make another one.
  PyObject* imported = PyDict_GetItemWithError(PyImport_GetModuleDict(), node->name.get());
  if (imported != node->object.get()) return {};
  ok(PyList_Reverse(steps.get()));
  return pack(node->name, own(PyList_AsTuple(steps.get())));
}

Ref object_at(PyObject* place) {
  Ref object = Ref::borrow(PyDict_GetItemWithError(PyImport_GetModuleDict(), item(place, 0)));
  PyObject* steps = item(place, 1);
  for (Py_ssize_t i = 0; object && i < PyTuple_GET_SIZE(steps); ++i) {
    Entries entries;
    const bool is_function = PyFunction_Check(object.get());
    read_entries(object.get(), is_function ? Holder::kFunction : holder_of(object.get()), entries);
    PyObject* next = value_at(entries, PyTuple_GET_ITEM(steps, i));
    object = next ? Ref::borrow(next) : Ref();
  }
  return object;
}

}  // namespace chkpt::heap
