// SPDX-License-Identifier: BSD-3-Clause
// Attributes that scripts cache on communicators, datatypes and windows, with their keys and the
// Python functions that copy and delete them. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// Keys and attributes of this moment, or None. Throws CannotSave for a key made by a C library
// whose attributes duplicates take over.
Ref save_attributes();
// After everything has been loaded: the objects that carry them exist.
void restore_attributes(PyObject* state);

}  // namespace chkpt::cut::handles
