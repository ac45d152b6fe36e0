// SPDX-License-Identifier: BSD-3-Clause
// What an object of a library module directly holds, as a flat list that can be compared, saved and
// put back: the names of a module, class or instance, slots, and the elements of a container. No
// code of the library runs, but for the hashes of an OrderedDict's keys.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

// A function holds what its attributes, defaults and closure lead to; a cache (functools.lru_cache)
// its attributes and how often it was asked; a wrapper (staticmethod, property) its functions.
// The numbers are part of the format.
enum class Holder {
  kNone,
  kModule,
  kClass,
  kInstance,
  kContainer,
  kTuple,
  kFunction,
  kCache,
  kWrapper
};

// The numbers are part of the format.
enum class Part {
  kName = 0,
  kSlot = 1,
  kItem = 2,
  kElement = 3,
  kWhole = 4,  // when saved: all of a set, or all that a cache remembers
};

struct Entry {
  Part part;
  PyObject* key;    // the name, or the key of a mapping's item; null for slots and elements
  Py_ssize_t slot;  // of kSlot: its number in layout_of(type), or among a function's parts
  PyObject* value;
};
using Entries = std::vector<Entry>;  // borrowed

// kNone for everything whose state is in C code, or that cannot change.
Holder holder_of(PyObject* object);

// Exact types of containers: their instances belong to whoever holds them.
bool is_container_type(PyTypeObject* type);

// Appends what the object holds now. Throws Raised.
void read_entries(PyObject* object, Holder holder, Entries& entries);

// Numbers and strings are the same if they are equal, everything else if it is the same object.
bool same_value(PyObject* before, PyObject* now);
bool same_entry(const Entry& before, const Entry& now);
// The name, the qualified name and the bases of a class are its last entries, although its
// namespace does not hold them.
constexpr const char* kQualifiedName = "(qualified name)";
void read_class_parts(PyObject* type, Entries& entries);
bool is_class_part(PyObject* key);
// Whether it has those very objects.
bool has_class_parts(PyObject* type, const Entries& entries);
// Names that Python gives a meaning; a str.
bool is_double_underscored(PyObject* name);
bool is_module_business(PyObject* name);  // __name__, __spec__ and the like: no module's own
// Numbers, strings, None and tuples of them.
bool is_atom(PyObject* value);

// weakref.WeakSet, WeakValueDictionary and WeakKeyDictionary themselves.
bool is_weak_container(PyObject* value);
bool has_weak_keys(PyObject* value);

// Has no parts, but somebody may hold it.
bool is_lock(PyObject* value);

// itertools.count: changes with every next(). What it was is kept as its repr, which says it all.
bool is_counter(PyObject* value);
Ref counter_text(PyObject* counter);

// Sets or, with a null value, deletes one name of a module or class.
void write_name(PyObject* object, Holder holder, PyObject* name, PyObject* value_or_null);
// Gives an instance or a container exactly these entries, in this order.
void write_entries(PyObject* object, Holder holder, const Entries& entries);

}  // namespace chkpt::heap
