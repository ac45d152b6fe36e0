// SPDX-License-Identifier: BSD-3-Clause
// Objects of C++ classes that pybind11 shows to Python. Their own pickling copies the C++ object;
// one that lies inside another would be parted from it.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Refuses an object that only refers to a part of another C++ object, or that another keeps alive.
// Anything else passes. Throws CannotSave. Needs the GIL.
void check_owns_its_value(PyObject* object);

}  // namespace chkpt::heap
