// SPDX-License-Identifier: BSD-3-Clause
// The interpreter's own iterators over iterators, the same from CPython 3.11 to 3.13:
// Python/bltinmodule.c, Objects/enumobject.c.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

struct MapObject {
  PyObject ob_base;
  PyObject* iterators;  // tuple
  PyObject* function;
};
struct FilterObject {
  PyObject ob_base;
  PyObject* function;
  PyObject* iterator;
};
struct ZipObject {
  PyObject ob_base;
  Py_ssize_t size;
  PyObject* iterators;  // tuple
  PyObject* result;     // the tuple given last
  int strict;
};
struct EnumerateObject {
  PyObject ob_base;
  Py_ssize_t index;
  PyObject* iterator;
  PyObject* result;
  PyObject* long_index;
  PyObject* one;
};

inline MapObject* as_map(PyObject* object) { return reinterpret_cast<MapObject*>(object); }
inline FilterObject* as_filter(PyObject* object) { return reinterpret_cast<FilterObject*>(object); }
inline ZipObject* as_zip(PyObject* object) { return reinterpret_cast<ZipObject*>(object); }
inline EnumerateObject* as_enumerate(PyObject* object) {
  return reinterpret_cast<EnumerateObject*>(object);
}

}  // namespace chkpt::frames
