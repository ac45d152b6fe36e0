// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// type.__setattr__, which keeps the C slots in step, unless the metaclass has a data descriptor of
// that name that would catch it. Throws Raised.
void set_class_attribute(PyObject* type, PyObject* name, PyObject* value);

}  // namespace chkpt::heap
