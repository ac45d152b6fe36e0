// SPDX-License-Identifier: BSD-3-Clause
// What numba has compiled. numba itself can write compiled code down, for its cache on disk: the
// optimized code of LLVM, with the constants that were frozen into it, from which every process on
// the same kind of processor makes the same machine code. A snapshot holds the same; functions that
// are not compiled yet are made anew from their Python functions.
//
// Not imported by a save. Code that holds addresses of its process is refused, as are jitclasses
// and functions of other versions of numba, which keep their code in ways of their own.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

Reduce numba_rule(PyTypeObject* type);  // null: not one of its types
// Whether an array's memory, its base, is numba's own: a view of all of it as bytes, else null.
Ref numba_memory(PyObject* base);
// Compiled code has returned a part of an array that it was given: that array, or null.
Ref numba_parent(PyObject* array, PyObject* base);

}  // namespace chkpt::heap
