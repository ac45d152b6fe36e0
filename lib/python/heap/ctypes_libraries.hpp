// SPDX-License-Identifier: BSD-3-Clause
// The script's own shared libraries, which it opens with ctypes by their paths: their variables are
// state (image_memory.hpp). Not those of the system and of installed packages, which keep caches
// and handles of all kinds.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// From now on each library is known as soon as ctypes has opened it. `module`: _ctypes, just
// loaded.
void watch_ctypes_libraries(PyObject* module);

// [(file, changes)], or None. Throws CannotSave.
Ref changed_ctypes_libraries();
// Those that nobody has opened again are passed over: no function leads to them.
void restore_ctypes_libraries(PyObject* saved);

}  // namespace chkpt::heap
