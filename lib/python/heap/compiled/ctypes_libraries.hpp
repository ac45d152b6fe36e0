// SPDX-License-Identifier: BSD-3-Clause
// The script's own shared libraries, which it opens with ctypes by their paths (own_libraries.hpp).
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// From now on each library is known as soon as ctypes has opened it. `module`: one that has just
// been loaded; does nothing if it is not _ctypes.
void watch_ctypes_libraries(PyObject* module);

}  // namespace chkpt::heap
