// SPDX-License-Identifier: BSD-3-Clause
// Hashes of what has no __hash__ of its own. Python takes the address, which is another one after a
// resume, when scripts have kept such hashes. With this in place
//  - classes, functions, modules and descriptors hash by their names, the same in every process:
//    libraries put them into tables while they are imported, before anything can be said of them;
//  - other objects hash by their address as ever, unless they were given the hash that they had in
//    the process from which they come. Whose hash was asked for is noted, not for certain: an
//    object may be taken for another one that lay, or lies, elsewhere.
// A hash never changes while its object lives. What has died is forgotten at the latest when the
// process ends; no memory of Python's is used, and none for objects that are never hashed.
//
// Only in the main interpreter; in others everything hashes by its address. All functions but the
// first need the GIL.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::frames {

// Before Py_Initialize, once: types copy the function when they are made.
void install_address_hashes();

// The hash by address or name that somebody may have asked for; -1 if certainly nobody has. Also of
// objects with a __hash__ of their own, which may call object.__hash__.
Py_hash_t asked_hash(PyObject* object);

// From now on this is the object's hash; unless somebody may have asked for another one before.
// `is_new`: nobody has, whatever the notes say.
void give_hash(PyObject* object, Py_hash_t hash, bool is_new);

// Notes which objects are hashed while it exists, not nested. The first that nobody has asked
// before gets the hash that is offered: code that makes an object may put it into a table at once,
// and if it was another object, that one has a hash like any other.
class HashWatch {
 public:
  explicit HashWatch(Py_hash_t offered);
  ~HashWatch();
  HashWatch(const HashWatch&) = delete;
  HashWatch& operator=(const HashWatch&) = delete;

  bool saw(PyObject* object) const;
  // For the hash function. True if the object has got what was offered.
  bool note(const void* address, bool may_take) noexcept;

 private:
  std::vector<const void*> seen_;
  Py_hash_t offered_;
  bool is_blind_ = false;  // for lack of memory
};

}  // namespace chkpt::frames
