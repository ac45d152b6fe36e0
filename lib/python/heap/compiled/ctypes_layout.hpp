// SPDX-License-Identifier: BSD-3-Clause
// How _ctypes lays out its objects: no Python API says who owns an object's memory. The same from
// 3.11 to 3.13; believed only after a look at objects made for the purpose.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

struct CtypesData {
  PyObject_HEAD char* memory;
  int frees_memory;  // whether the memory is its own
  PyObject* base;    // the object in whose memory it lies, or null
  Py_ssize_t size, length, index;
  PyObject* kept;  // what must live as long as addresses in the memory are valid; null: nothing
  union {
    char bytes[16];
    long double alignment;
  } small;  // the memory, if that is enough
};

struct CtypesFunction {
  CtypesData data;
  PyObject* thunk;  // the code that calls `callable`; null for functions of libraries
  PyObject* callable;
  PyObject *converters, *argtypes, *restype, *checker, *errcheck, *paramflags;
};

// What byref() gives.
struct CtypesReference {
  PyObject_HEAD void* ffi_type;
  char tag;
  union {
    char* address;
    long double alignment;
  } value;
  PyObject* object;
  Py_ssize_t size;
};

// Classes of ctypes, of whatever metaclass over those of _ctypes.
bool is_ctypes_type(PyTypeObject* type);
inline bool is_ctypes_object(PyObject* object) { return is_ctypes_type(Py_TYPE(object)); }

enum class CtypesKind { kSimple, kArray, kStructure, kUnion, kPointer, kFunction };
CtypesKind ctypes_kind(PyTypeObject* type);

// Refuse if this _ctypes is laid out in another way. Need the GIL, throw Raised or CannotSave.
CtypesData& ctypes_data(PyObject* object);
CtypesFunction& ctypes_function(PyObject* object);

}  // namespace chkpt::heap
