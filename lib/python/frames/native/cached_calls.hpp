// SPDX-License-Identifier: BSD-3-Clause
// What a functools.lru_cache() wrapper keeps in C. Needs the GIL; throws PythonError.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

// Part of lru_cache_object in CPython's Modules/_functoolsmodule.c. Owned by the wrapper.
struct CacheFields {
  PyObject* cache;  // dict; of a bounded one to links of a list
  Py_ssize_t hits;
  PyObject* function;
  Py_ssize_t maxsize;  // -1: without bounds
  Py_ssize_t misses;
  PyObject* keyword_mark;  // in a key, between positional and keyword arguments
};

// Null as long as nobody has imported functools.
PyTypeObject* cache_type();
// Of an object of this type; null: it is laid out in an unknown way.
CacheFields* cache_fields(PyObject* wrapper);

}  // namespace chkpt::frames
