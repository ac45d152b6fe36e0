// SPDX-License-Identifier: BSD-3-Clause
// Functions and classes of libraries that call themselves otherwise than their module does: a
// lambda, what another function has made. All need the GIL and throw Raised.
#pragma once

#include "python/heap/by_value.hpp"

namespace chkpt::heap {

// (module, name) by which an import finds the function or class; null if none does.
Ref library_alias(ByValue& by_value, PyObject* object);

}  // namespace chkpt::heap
