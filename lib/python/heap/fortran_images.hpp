// SPDX-License-Identifier: BSD-3-Clause
// The writable memory of the extension modules that f2py has made: COMMON blocks, module variables
// and what Fortran code saves between two calls lie there, most of it without a name. What has
// changed since the module was loaded is state.
//
// Only f2py's modules: the C code around the Fortran code is known, and keeps no objects or caches
// of its own there.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <vector>

namespace chkpt::heap {

bool is_made_by_f2py(PyObject* module);
// Every such module in sys.modules. Needs the GIL.
std::vector<Ref> fortran_modules();

// Remembers the memory of a module that has just been loaded; does nothing for other modules.
void note_fortran_memory(PyObject* module);

// The changes since then, or None if there are none. `allocated`: addresses of memory that is saved
// in another way, which Fortran's descriptors may point to. Throws CannotSave if the module has
// got other memory of its own, or was not there when it was loaded.
Ref fortran_memory(PyObject* module, const std::vector<std::uintptr_t>& allocated);
// Makes the same changes to the memory of the module in this process. Throws Raised if it is
// another library.
void set_fortran_memory(PyObject* module, PyObject* changes);

}  // namespace chkpt::heap
