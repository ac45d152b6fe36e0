// SPDX-License-Identifier: BSD-3-Clause
// Iterators of C code that have ended reduce to that of an empty tuple, of whatever type they are.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// A reduce value `iter(())` or `iter("")`: made again as one of the type, ended. Others, and those
// of types that are not known, stay as they are.
Ref made_ended(const Ref& reduce_value, PyTypeObject* type);

}  // namespace chkpt::heap
