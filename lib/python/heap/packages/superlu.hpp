// SPDX-License-Identifier: BSD-3-Clause
// scipy's factors of sparse matrices (splu, spilu, factorized): the library shows what is in them,
// but makes them only from a matrix. So a copy of that is kept for as long as the factors live, and
// a resume factorises it again, by the same steps.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// `module`: scipy's _superlu, just loaded; does nothing for others. Needs the GIL. Throws Raised.
void watch_superlu(PyObject* module);

}  // namespace chkpt::heap
