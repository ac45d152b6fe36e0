// SPDX-License-Identifier: BSD-3-Clause
// Objects that stand for other interpreters in the process, and for what lies between these. Their
// own pickling writes a number down, which nothing has in another process.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Null: the class is another one.
Reduce interpreter_rule(PyTypeObject* type);

}  // namespace chkpt::heap
