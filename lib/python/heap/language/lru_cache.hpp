// SPDX-License-Identifier: BSD-3-Clause
// What a functools.lru_cache wrapper remembers, read from it and put into another one of the same
// function. Needs the GIL; throws Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

bool is_lru_cache_type(PyTypeObject* type);

struct CacheCounts {
  Py_ssize_t hits, misses, size;
};
CacheCounts counts_of(PyObject* wrapper);

// ([((arguments, keywords), result), ...] from the least recently used, hits, misses).
Ref cache_contents(PyObject* wrapper);
// Hashes the arguments: all objects must be complete.
void restore_cache_contents(PyObject* wrapper, PyObject* contents);

}  // namespace chkpt::heap
