// SPDX-License-Identifier: BSD-3-Clause
// Hashes by address (frames/address_hash.hpp) that the script may have kept are saved with their
// objects, and given to them again before anybody can ask: in the call that makes the object, so
// that the dicts and sets it is a key of are filled with the same hash. Objects that an import has
// made get theirs unless the import has hashed them already.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// The reduce value of an object, or its persistent id, with the hash it had; as it is if it had
// none.
Ref with_kept_hash(PyObject* object, const Ref& value);
Ref id_with_kept_hash(PyObject* object, const Ref& id);

// The tag of such an id: (tag, id, hash).
constexpr const char* kHashTag = "h";
// For the loader. `is_new`: nobody has had the object yet.
void give_kept_hash(PyObject* object, PyObject* hash, bool is_new);

}  // namespace chkpt::heap
