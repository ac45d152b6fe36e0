// SPDX-License-Identifier: BSD-3-Clause
// Addresses in the memory of ctypes objects: where a type has them, and what they lead to. An
// address is saved as its place, (owner, offset, way), and is another number after a load. What
// leads to memory that no object is known to own, such as C's own, has no place.
#pragma once

#include "python/ref.hpp"

#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "python/heap/compiled/ctypes_layout.hpp"

namespace chkpt::heap {

struct PointerSlot {
  Py_ssize_t offset;
  bool of_object;  // py_object: a PyObject*
};
// In an object of this type. Refuses types whose fields cannot be told.
std::vector<PointerSlot> pointer_slots(PyTypeObject* type);

// Memory with its owners.
class OwnedMemory {
 public:
  // What an object leads to without a look at its addresses: its base, what it keeps alive, the
  // attributes that numpy adds. Looked at when it is asked for, the nearest first: a list of
  // structures keeps all that follow alive.
  void add_kept_by(PyObject* object) { next_.push_back(object); }
  // Everything that the collector knows or that is held by such an object.
  void add_all();
  // Only this object, if it is an array of numbers or bytes; false if not, or if it has been added.
  bool add_array(PyObject* object);

  // (owner, offset, way) of an address; null if nobody has it.
  Ref place_of(const char* address);
  // All that have the byte there, or end there.
  std::vector<Ref> owners_of(const char* address) const;
  // Whether everything in [address, address + size) belongs to one owner.
  bool holds(const char* address, Py_ssize_t size);

 private:
  struct Block {
    Py_ssize_t size;
    const char* start;  // what offsets count from
    Ref owner;
    const char* way;
  };
  using Blocks = std::multimap<const char*, Block>;

  void add(const char* from, Py_ssize_t size, const char* start, PyObject* owner, const char* way);
  bool look_further();  // false: there is nothing more to look at
  void look_at(PyObject* object);
  void look_at_data(PyObject* object);
  bool add_memory_of(PyObject* object);
  // `whole`: that has all of the bytes; else one that ends there will do.
  const Block* find(const char* address, Py_ssize_t size, bool whole) const;

  std::deque<PyObject*> next_;  // alive by what led to them
  Blocks blocks_;               // by their first byte
  Py_ssize_t longest_ = 0;
  std::unordered_map<PyTypeObject*, bool> are_arrays_;
  std::unordered_set<PyObject*> seen_;  // alive by the blocks, or by who holds them
  std::vector<Ref> libraries_;
};

// At load, when the owner is complete.
char* address_at(PyObject* place);
// Whether it is what a function pointer leads to.
bool is_target_place(PyObject* place);

// The part of it that knows callbacks and functions of libraries, see ctypes_functions.cpp.
bool is_ctypes_thunk(PyObject* object);
char* thunk_code(PyObject* thunk);
bool is_ctypes_library(PyObject* object);
// The name under which a library exports what is at this address; null if it does not.
Ref symbol_at(PyObject* library, const char* address, PyObject* likely_name_or_null);
char* symbol_address(PyObject* library, PyObject* name);

}  // namespace chkpt::heap
