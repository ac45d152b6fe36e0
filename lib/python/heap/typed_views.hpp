// SPDX-License-Identifier: BSD-3-Clause
// Objects of Cython classes that work on the memory of arrays which others have too. A reduce of
// their own may hand out copies of those: the object and the arrays would go on apart.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Refuses an object whose reduce value is made of new arrays, while its attributes show the memory
// of others. Throws CannotSave. Needs the GIL.
void check_arrays_stay_shared(PyObject* object, PyObject* reduce_value);

}  // namespace chkpt::heap
