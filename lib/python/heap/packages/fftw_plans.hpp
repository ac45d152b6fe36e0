// SPDX-License-Identifier: BSD-3-Clause
// Plans of FFTW under Python (pyfftw, mpi4py-fft): planned again for the same arrays. The library's
// wisdom goes along, so that it chooses the very same steps even where it measures.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// `module`: one that has just been loaded; does nothing if it has no such plans. Needs the GIL.
// Throws Raised.
void watch_fftw_plans(PyObject* module);

}  // namespace chkpt::heap
