// SPDX-License-Identifier: BSD-3-Clause
// What the script registered with atexit, which no Python API shows. Needs the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

// New list of (function, args tuple, kwargs dict) in the order of registration; null with a Python
// exception.
PyObject* exit_callbacks();

}  // namespace chkpt::frames
