// SPDX-License-Identifier: BSD-3-Clause
// Shared libraries that the run has loaded for all others to see (dlopen with RTLD_GLOBAL: by
// ctypes, or by an import after sys.setdlopenflags). Nothing need refer to one, but what is loaded
// later may be linked to its functions: a resume loads them first, in the same order.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Once, before Python code has run: what is loaded now comes by itself.
void note_first_libraries();

// Their files, [str]. Refuses if one has been removed. Needs the GIL.
Ref global_libraries();
// Throws Raised if one cannot be loaded. Needs the GIL.
void load_global_libraries(PyObject* files);

}  // namespace chkpt::heap
