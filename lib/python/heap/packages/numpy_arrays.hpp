// SPDX-License-Identifier: BSD-3-Clause
// What the reducers of numpy objects share: looking at an array without running methods that its
// class may override, and who owns its memory.
#pragma once

#include "python/ref.hpp"

#include <cstdint>

#include "python/heap/rebuilder.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {

Ref numpy(const char* name);  // numpy.<name>
bool is_array(PyObject* object);
bool array_flag(PyObject* array, const char* name);
bool is_writeable(PyObject* array);
bool has_objects(PyObject* array);
long long address_of(PyObject* array);  // of the first element

// What every array begins with (PyArrayObject_fields).
struct ArrayFields {
  PyObject_HEAD char* data;
  int dimensions;
  Py_ssize_t *shape, *strides;
  PyObject *base, *descr;
};
inline ArrayFields* fields_of(PyObject* array) { return reinterpret_cast<ArrayFields*>(array); }

// From the lowest to the highest byte that an array shows, whatever its strides.
struct ByteSpan {
  std::uintptr_t from, size;
};
ByteSpan span_of(PyObject* array, Py_ssize_t itemsize);
ByteSpan span_of(PyObject* array);

// ndarray.<name>(array, ...), whatever the array's class says.
template <class... Args>
Ref array_method(PyObject* array, const char* name, const Args&... args);

// ndarray.__new__(class, shape, dtype, buffer, offset, strides, order)
Ref new_array(PyObject* type, PyObject* shape, PyObject* dtype, const Ref& buffer,
              const Ref& offset, const Ref& strides, const Ref& order);

// The array at the end of the chain of bases.
Ref owner_of(PyObject* array);
// The object of a Cython module that has the array's memory; null if that has another owner.
Ref typed_memory_of(PyObject* array);
// Its memory in one piece, as a C-contiguous array of the same memory; null if there are gaps.
Ref contiguous(PyObject* owner);

// The reduce value of an array, with its instance state and whether it may be written to.
Ref with_array_state(Saver& saver, PyObject* array, Rule& rule, const Rebuilder& make,
                     const Ref& args);
void fill_array_state(PyObject* array, PyObject* state, PyObject* writeable);

// Of numpy.nditer; the operand in which an address lies that it has given (borrowed, alive with
// `operands`).
bool is_nditer(PyObject* object);
PyObject* operand_at(PyObject* iterator, long long address, Ref& operands);

Ref reduce_object_array(Saver& saver, PyObject* array, Rule& rule);
Ref reduce_object_view(Saver& saver, PyObject* array, PyObject* owner, Rule& rule);
Ref reduce_record(Saver& saver, PyObject* scalar, Rule& rule);

void add_numpy_library_types(std::unordered_map<PyTypeObject*, Reduce>& types);

}  // namespace chkpt::heap

#include "python/heap/call.hpp"

namespace chkpt::heap {

template <class... Args>
Ref array_method(PyObject* array, const char* name, const Args&... args) {
  return call(attr(numpy("ndarray"), name), array, args...);
}

}  // namespace chkpt::heap
