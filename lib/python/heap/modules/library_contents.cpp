// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/modules/library_contents.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <unordered_map>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/classes.hpp"
#include "python/heap/language/lru_cache.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/modules/library_functions.hpp"
#include "python/heap/modules/module_entries.hpp"

namespace chkpt::heap {
namespace {

// A type of a C module, asked for again until its module is loaded; it stays then.
class LateType {
 public:
  constexpr LateType(const char* module, const char* name) : module_(module), name_(name) {}
  PyTypeObject* get() {
    if (type_ || !loaded_module(module_)) return type_;
    const Ref type = loaded_attr(module_, name_);
    if (type && PyType_Check(type.get()))
      type_ = reinterpret_cast<PyTypeObject*>(Py_NewRef(type.get()));
    return type_;
  }
  bool is_exactly(PyTypeObject* type) { return type == get() && type; }
  bool is_type_of(PyObject* object) { return get() && PyObject_TypeCheck(object, type_) != 0; }

 private:
  const char* module_;
  const char* name_;
  PyTypeObject* type_ = nullptr;
};
LateType g_deque("_collections", "deque");
LateType g_default_dict("_collections", "defaultdict");
LateType g_thread_local("_thread", "_local");
LateType g_lock("_thread", "LockType");
LateType g_reentrant_lock("_thread", "RLock");
LateType g_counter("itertools", "count");
LateType g_weak_set("_weakrefset", "WeakSet");
LateType g_weak_values("weakref", "WeakValueDictionary");
LateType g_weak_keys("weakref", "WeakKeyDictionary");

// Set by the interpreter or a cache of the standard library.
constexpr const char* kOfClasses[] = {
    "__dict__",        "__weakref__",           "__abstractmethods__",
    "__slotnames__",   "__static_attributes__", "__firstlineno__",
    "__type_params__", "__annotations_cache__"};
// Set by the interpreter or the import system; or only read by an import.
constexpr const char* kOfModules[] = {
    "__name__", "__doc__",  "__package__",        "__loader__",   "__spec__",
    "__path__", "__file__", "__cached__",         "__builtins__", "__annotations__",
    "__all__",  "__test__", "__warningregistry__"};

template <std::size_t kSize>
bool is_among(const char* const (&names)[kSize], PyObject* name) {
  return std::any_of(std::begin(names), std::end(names), [&](const char* one) {
    return PyUnicode_CompareWithASCIIString(name, one) == 0;
  });
}

bool is_own_business(PyObject* name, Holder holder) {
  if (!PyUnicode_Check(name)) return true;
  if (holder == Holder::kModule) return is_module_business(name);
  return is_double_underscored(name) && is_among(kOfClasses, name);
}

// In 3.13 collections.abc is the module _collections_abc, which only calls itself so.
bool goes_by(PyObject* module, PyObject* whole) {
  const Ref known = own_name(module);
  if (known && PyUnicode_Compare(known.get(), whole) == 0) return true;
  PyObject* called = find(PyModule_GetDict(module), "__name__");
  return called && PyUnicode_Check(called) && PyUnicode_Compare(called, whole) == 0;
}

// An import makes it a name of its package.
bool is_submodule(PyObject* dict, PyObject* name, PyObject* value) {
  PyObject* package = PyModule_Check(value) ? find(dict, "__name__") : nullptr;
  if (!package || !PyUnicode_Check(package)) return false;
  const Ref whole = own(PyUnicode_FromFormat("%U.%U", package, name));
  if (!goes_by(value, whole.get())) return false;
  return PyDict_GetItemWithError(PyImport_GetModuleDict(), whole.get()) == value;
}

void read_names(PyObject* dict, Holder holder, Entries& entries) {
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(dict, &position, &name, &value);) {
    if (holder != Holder::kInstance && is_own_business(name, holder)) continue;
    if (holder == Holder::kModule && is_submodule(dict, name, value)) continue;
    entries.push_back({Part::kName, name, 0, value});
  }
}

// What a class is and its namespace does not hold, under names that no attribute has.
struct ClassPart {
  PyObject* key;
  PyObject* attribute;
};
constexpr std::size_t kClassParts = 3;
const std::array<ClassPart, kClassParts>& class_parts() {
  const auto part = [](const char* key, const char* attribute) {
    return ClassPart{PyUnicode_InternFromString(key), PyUnicode_InternFromString(attribute)};
  };
  static const std::array<ClassPart, kClassParts> parts = {part("(name)", "__name__"),
                                                           part(kQualifiedName, "__qualname__"),
                                                           part("(bases)", "__bases__")};
  return parts;
}

// Whether it was one of those.
bool write_class_part(PyObject* type, PyObject* key, PyObject* value_or_null) {
  for (const ClassPart& part : class_parts()) {
    if (PyUnicode_Compare(key, part.key) != 0) continue;
    if (value_or_null) ok(PyType_Type.tp_setattro(type, part.attribute, value_or_null));
    return true;
  }
  return false;
}

void read_class(PyObject* type, Entries& entries) {
  read_names(reinterpret_cast<PyTypeObject*>(type)->tp_dict, Holder::kClass, entries);
  read_class_parts(type, entries);
}

const std::vector<Slot>& slots_of(PyTypeObject* type) {
  static std::unordered_map<PyTypeObject*, std::vector<Slot>> known;
  const auto found = known.find(type);
  if (found != known.end()) return found->second;
  Py_INCREF(type);  // its address must stay its own
  return known[type] = layout_of(type).slots;
}

// The namespace of an instance, borrowed; null if it has none.
PyObject* namespace_of(PyObject* object) {
  if (g_thread_local.is_type_of(object))
    return attr(object, "__dict__").get();  // this thread's, which lives on
  return has_dict(Py_TYPE(object)) ? instance_dict(object).get() : nullptr;
}

void read_instance(PyObject* object, Entries& entries) {
  if (PyObject* names = namespace_of(object)) read_names(names, Holder::kInstance, entries);
  if (g_thread_local.is_type_of(object)) return;
  const std::vector<Slot>& slots = slots_of(Py_TYPE(object));
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (PyObject* value = slot_value(object, slots[i]))
      entries.push_back({Part::kSlot, nullptr, static_cast<Py_ssize_t>(i), value});
}

// The order of an OrderedDict is not that of its table. Its keys stay alive in it.
void read_ordered(PyObject* dict, Entries& entries) {
  const Ref iterator = own(PyODict_Type.tp_iter(dict));
  while (PyObject* key = PyIter_Next(iterator.get())) {
    Py_DECREF(key);
    entries.push_back({Part::kItem, key, 0, PyDict_GetItemWithError(dict, key)});
  }
  if (PyErr_Occurred()) throw Raised{};
}

void read_iterable(PyObject* iterator, Entries& entries) {
  const Ref owned = own(iterator);
  while (PyObject* value = PyIter_Next(owned.get())) {
    Py_DECREF(value);
    entries.push_back({Part::kElement, nullptr, 0, value});
  }
  if (PyErr_Occurred()) throw Raised{};
}

void read_container(PyObject* object, Entries& entries) {
  if (PyODict_Check(object)) {
    read_ordered(object, entries);
  } else if (PyDict_Check(object)) {
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(object, &position, &key, &value);)
      entries.push_back({Part::kItem, key, 0, value});
  } else if (PyList_Check(object) || PyTuple_Check(object)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i)
      entries.push_back({Part::kElement, nullptr, 0, PySequence_Fast_GET_ITEM(object, i)});
  } else if (PySet_Check(object)) {
    read_iterable(PySet_Type.tp_iter(object), entries);
  } else if (g_deque.is_type_of(object)) {
    read_iterable(g_deque.get()->tp_iter(object), entries);
  }
}

// What is remembered is read only to be saved: it has changed when it has been asked for.
void read_cache(PyObject* wrapper, Entries& entries) {
  read_names(attr(wrapper, "__dict__").get(), Holder::kInstance, entries);
  const CacheCounts counts = counts_of(wrapper);
  for (const Py_ssize_t count : {counts.hits, counts.misses, counts.size})
    entries.push_back({Part::kWhole, nullptr, count, Py_None});
}

void write_cache(PyObject* wrapper, const Entries& entries) {
  const Ref names = attr(wrapper, "__dict__");
  PyDict_Clear(names.get());
  for (const Entry& entry : entries) {
    if (entry.part == Part::kName) ok(PyDict_SetItem(names.get(), entry.key, entry.value));
    if (entry.part == Part::kWhole) restore_cache_contents(wrapper, entry.value);
  }
}

// Also a method of an object that has no other name in its module: blinker's `signal`.
bool is_wrapper(PyTypeObject* type) {
  return type == &PyStaticMethod_Type || type == &PyClassMethod_Type || type == &PyProperty_Type ||
         type == &PyMethod_Type;
}

// Nobody else need hold its functions: they are alive as long as it is.
void read_wrapper(PyObject* wrapper, Entries& entries) {
  static PyObject* const parts[] = {
      PyUnicode_InternFromString("__func__"), PyUnicode_InternFromString("fget"),
      PyUnicode_InternFromString("fset"), PyUnicode_InternFromString("fdel")};
  if (PyMethod_Check(wrapper))
    return entries.push_back({Part::kSlot, nullptr, 0, PyMethod_GET_SELF(wrapper)});
  const bool is_property = Py_TYPE(wrapper) == &PyProperty_Type;
  for (Py_ssize_t i = is_property ? 1 : 0; i < (is_property ? 4 : 1); ++i) {
    const Ref function = own(PyObject_GenericGetAttr(wrapper, parts[i]));
    entries.push_back({Part::kSlot, nullptr, i, function.get()});
  }
}

// What an import gives it decides, as for a function: most wrap a function that keeps nothing.
bool leads_to_holder(PyObject* wrapper) {
  Entries entries;
  read_wrapper(wrapper, entries);
  return std::any_of(entries.begin(), entries.end(),
                     [](const Entry& entry) { return holder_of(entry.value) != Holder::kNone; });
}

void write_items(PyObject* dict, const Entries& entries) {
  const bool ordered = PyODict_Check(dict);
  if (ordered)
    call(attr(raw(&PyODict_Type), "clear"), dict);
  else
    PyDict_Clear(dict);
  for (const Entry& entry : entries)
    if (entry.part == Part::kItem)
      ok(ordered ? PyODict_SetItem(dict, entry.key, entry.value)
                 : PyDict_SetItem(dict, entry.key, entry.value));
}

Ref elements_of(const Entries& entries) {
  const Ref list = new_list();
  for (const Entry& entry : entries)
    if (entry.part == Part::kElement) append(list, Ref::borrow(entry.value));
  return list;
}

void write_container(PyObject* object, const Entries& entries) {
  if (PyDict_Check(object)) {
    write_items(object, entries);
  } else if (PyList_Check(object)) {
    ok(PyList_SetSlice(object, 0, PyList_GET_SIZE(object), elements_of(entries).get()));
  } else if (PySet_Check(object)) {
    ok(PySet_Clear(object));
    for (const Entry& entry : entries)
      if (entry.part == Part::kWhole)
        call(attr(raw(&PySet_Type), "update"), object, entry.value);
      else if (entry.part == Part::kElement)  // of older snapshots
        ok(PySet_Add(object, entry.value));
  } else if (g_deque.is_type_of(object)) {
    call(attr(raw(g_deque.get()), "clear"), object);
    call(attr(raw(g_deque.get()), "extend"), object, elements_of(entries));
  }
}

void write_names(PyObject* object, const Entries& entries) {
  PyObject* names = namespace_of(object);
  if (!names) return;
  PyDict_Clear(names);
  for (const Entry& entry : entries)
    if (entry.part == Part::kName) ok(PyDict_SetItem(names, entry.key, entry.value));
}

void write_slots(PyObject* object, const Entries& entries) {
  if (g_thread_local.is_type_of(object)) return;
  const std::vector<Slot>& slots = slots_of(Py_TYPE(object));
  std::vector<PyObject*> values(slots.size(), nullptr);
  for (const Entry& entry : entries) {
    if (entry.part != Part::kSlot) continue;
    if (entry.slot < 0 || static_cast<std::size_t>(entry.slot) >= slots.size())
      broken("a library object's class has lost a slot");
    values[static_cast<std::size_t>(entry.slot)] = entry.value;
  }
  for (std::size_t i = 0; i < slots.size(); ++i) set_slot_value(object, slots[i], values[i]);
}

std::uint64_t bits_of(double number) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}
// Tells -0.0 from 0.0, and finds a NaN equal to itself.
bool same_bits(double a, double b) { return bits_of(a) == bits_of(b); }

bool same_items(PyObject* before, PyObject* now) {
  if (PyTuple_GET_SIZE(before) != PyTuple_GET_SIZE(now)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(before); ++i)
    if (!same_value(PyTuple_GET_ITEM(before, i), PyTuple_GET_ITEM(now, i))) return false;
  return true;
}

// Comparing others may run code of the script.
bool has_simple_members(PyObject* set) {
  const Ref members = own(PySequence_List(set));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(members.get()); ++i) {
    PyTypeObject* type = Py_TYPE(PyList_GET_ITEM(members.get(), i));
    if (type != &PyLong_Type && type != &PyUnicode_Type && type != &PyBytes_Type) return false;
  }
  return true;
}

bool same_members(PyObject* before, PyObject* now) {
  return has_simple_members(before) && has_simple_members(now) &&
         ok(PyObject_RichCompareBool(before, now, Py_EQ)) == 1;
}

bool is_enum(PyTypeObject* type) {
  const char* metaclass = Py_TYPE(type)->tp_name;
  return std::strcmp(metaclass, "EnumType") == 0 || std::strcmp(metaclass, "EnumMeta") == 0;
}

}  // namespace

bool is_container_type(PyTypeObject* type) {
  return type == &PyDict_Type || type == &PyList_Type || type == &PySet_Type ||
         type == &PyODict_Type || g_default_dict.is_exactly(type) || g_deque.is_exactly(type);
}

Holder holder_of(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyFunction_Type)
    return function_keeps_state(object) ? Holder::kFunction : Holder::kNone;
  if (type == &PyCFunction_Type) return Holder::kNone;
  if (is_lru_cache_type(type)) return Holder::kCache;
  if (is_wrapper(type)) return leads_to_holder(object) ? Holder::kWrapper : Holder::kNone;
  if (is_container_type(type)) return Holder::kContainer;
  if (type == &PyTuple_Type) return Holder::kTuple;
  if (PyModule_Check(object)) return Holder::kModule;
  if (PyType_Check(object)) {
    auto* itself = reinterpret_cast<PyTypeObject*>(object);
    return frames::is_python_class(itself) && !is_enum(itself) ? Holder::kClass : Holder::kNone;
  }
  if (g_thread_local.is_exactly(type)) return Holder::kInstance;
  if (!frames::is_python_class(type) || is_enum(type)) return Holder::kNone;
  return Holder::kInstance;
}

void read_entries(PyObject* object, Holder holder, Entries& entries) {
  switch (holder) {
    case Holder::kModule:
      return read_names(PyModule_GetDict(object), holder, entries);
    case Holder::kClass:
      return read_class(object, entries);
    case Holder::kInstance:
      read_instance(object, entries);
      return read_container(object, entries);
    case Holder::kContainer:
    case Holder::kTuple:
      return read_container(object, entries);
    case Holder::kFunction:
      return read_function(object, entries);
    case Holder::kCache:
      return read_cache(object, entries);
    case Holder::kWrapper:
      return read_wrapper(object, entries);
    case Holder::kNone:
      return;
  }
}

bool is_weak_container(PyObject* value) {
  return g_weak_set.is_exactly(Py_TYPE(value)) || g_weak_values.is_exactly(Py_TYPE(value)) ||
         has_weak_keys(value);
}

bool has_weak_keys(PyObject* value) { return g_weak_keys.is_exactly(Py_TYPE(value)); }

bool is_lock(PyObject* value) {
  return g_lock.is_exactly(Py_TYPE(value)) || g_reentrant_lock.is_exactly(Py_TYPE(value));
}

bool is_counter(PyObject* value) { return g_counter.is_exactly(Py_TYPE(value)); }

Ref counter_text(PyObject* counter) { return own(PyObject_Repr(counter)); }

bool same_value(PyObject* before, PyObject* now) {
  PyTypeObject* type = Py_TYPE(before);
  if (before == now) return true;
  if (is_counter(now)) return same_value(before, counter_text(now).get());
  if (type != Py_TYPE(now)) return false;
  if (type == &PyFloat_Type) return same_bits(PyFloat_AS_DOUBLE(before), PyFloat_AS_DOUBLE(now));
  if (type == &PyComplex_Type) {
    const Py_complex a = PyComplex_AsCComplex(before), b = PyComplex_AsCComplex(now);
    return same_bits(a.real, b.real) && same_bits(a.imag, b.imag);
  }
  if (type == &PyLong_Type || type == &PyUnicode_Type || type == &PyBytes_Type)
    return ok(PyObject_RichCompareBool(before, now, Py_EQ)) == 1;
  if (type == &PyFrozenSet_Type) return same_members(before, now);
  return type == &PyTuple_Type && same_items(before, now);
}

bool same_entry(const Entry& before, const Entry& now) {
  if (before.part != now.part || before.slot != now.slot) return false;
  if (before.key != now.key && !(before.key && now.key && same_value(before.key, now.key)))
    return false;
  return same_value(before.value, now.value);
}

void read_class_parts(PyObject* type, Entries& entries) {
  const auto* heap = reinterpret_cast<PyHeapTypeObject*>(type);
  PyObject* const values[] = {heap->ht_name, heap->ht_qualname, heap->ht_type.tp_bases};
  for (std::size_t i = 0; i < kClassParts; ++i)
    entries.push_back({Part::kName, class_parts()[i].key, 0, values[i]});
}

bool has_class_parts(PyObject* type, const Entries& entries) {
  Entries now;
  read_class_parts(type, now);
  return entries.size() >= now.size() &&
         std::equal(now.rbegin(), now.rend(), entries.rbegin(),
                    [](const Entry& a, const Entry& b) { return a.value == b.value; });
}

bool is_class_part(PyObject* key) {
  for (const ClassPart& part : class_parts())
    if (key == part.key) return true;
  return false;
}

bool is_module_business(PyObject* name) {
  return is_double_underscored(name) && is_among(kOfModules, name);
}

bool is_double_underscored(PyObject* name) {
  return PyUnicode_GET_LENGTH(name) > 2 && PyUnicode_READ_CHAR(name, 0) == '_' &&
         PyUnicode_READ_CHAR(name, 1) == '_';
}

bool is_atom(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  if (type == &PyTuple_Type) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i)
      if (!is_atom(PyTuple_GET_ITEM(value, i))) return false;
    return true;
  }
  return value == Py_None || type == &PyBool_Type || type == &PyLong_Type ||
         type == &PyFloat_Type || type == &PyComplex_Type || type == &PyUnicode_Type ||
         type == &PyBytes_Type;
}

void write_name(PyObject* object, Holder holder, PyObject* name, PyObject* value_or_null) {
  if (holder == Holder::kClass) {
    if (write_class_part(object, name, value_or_null)) return;
    if (value_or_null) return set_class_attribute(object, name, value_or_null);
    ok(PyType_Type.tp_setattro(object, name, nullptr));
  } else if (value_or_null) {
    ok(PyDict_SetItem(PyModule_GetDict(object), name, value_or_null));
  } else {
    ok(PyDict_DelItem(PyModule_GetDict(object), name));
  }
}

void write_entries(PyObject* object, Holder holder, const Entries& entries) {
  if (holder == Holder::kFunction) return write_function(object, entries);
  if (holder == Holder::kCache) return write_cache(object, entries);
  if (holder == Holder::kInstance) {
    write_names(object, entries);
    write_slots(object, entries);
  }
  write_container(object, entries);
}

}  // namespace chkpt::heap
