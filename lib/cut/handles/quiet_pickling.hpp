// SPDX-License-Identifier: BSD-3-Clause
// May objects be pickled once more without anybody noticing? mpi4py's lower-case calls pickle their
// arguments before the first MPI call, so a resume that makes such a call again pickles again. That
// is unseen unless pickling runs code of the script (__reduce__, __getstate__, a changed
// MPI.pickle), which may print or count. Needs the GIL; runs no Python code itself.
#pragma once

#include <vector>

#include "python/ref.hpp"

namespace chkpt::cut::handles {

// False also when it is not sure: for types it does not know, and for very many objects.
bool pickles_quietly(const std::vector<PyObject*>& objects);

}  // namespace chkpt::cut::handles
