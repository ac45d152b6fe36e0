// SPDX-License-Identifier: BSD-3-Clause
// Which keys can be hashed before everything is loaded. Sets and dicts with others are filled last.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// True for keys whose hash is computed by Python code or from their content: such a key may be
// unfinished while the rest is loaded.
bool needs_late_hash(PyObject* key);
bool dict_has_late_key(PyObject* dict);
bool set_has_late_key(PyObject* set);
// Whether this set can only be filled when everything is loaded.
bool fills_late_set(PyObject* set);  // also frozensets

// Whether all its keys hash the same in every process with the same hash seed.
bool set_keeps_order(PyObject* set);

// Whether inserting the elements one after the other in iteration order, as the pickler's default
// does, gives the same table. Only for sets without late keys.
bool insertion_rebuilds(PyObject* set);

// An exact, empty frozenset, to be filled by fill_set().
Ref unfilled_frozenset();

// Gives an empty set or frozenset, that others may refer to already, a saved table
// (frames::set_get), or its elements if they hash differently now.
void fill_set(PyObject* set, PyObject* table);

}  // namespace chkpt::heap
