// SPDX-License-Identifier: BSD-3-Clause
// What functions of library modules keep from one call to the next: attributes, containers and
// objects among their defaults, variables of the function around them (functools.singledispatch,
// decorators that count or remember).
#pragma once

#include "python/ref.hpp"

#include "python/heap/modules/library_contents.hpp"

namespace chkpt::heap {

// What an import gives it decides, so that a new import decides in the same way.
bool function_keeps_state(PyObject* function);
// As read_entries() and write_entries().
void read_function(PyObject* function, Entries& entries);
void write_function(PyObject* function, const Entries& entries);

}  // namespace chkpt::heap
