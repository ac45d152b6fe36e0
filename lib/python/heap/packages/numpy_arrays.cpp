// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/numpy_arrays.hpp"

#include <cstring>
#include <string>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/numba_functions.hpp"

namespace chkpt::heap {

Ref numpy(const char* name) { return attr(import("numpy"), name); }

bool is_array(PyObject* object) {
  return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(numpy("ndarray").get())) != 0;
}

bool array_flag(PyObject* array, const char* name) {
  return truth_of(attr(array, "flags").get(), name);
}
// Asking for flags.writeable would warn about arrays of broadcast_arrays().
bool is_writeable(PyObject* array) {
  constexpr long long kWriteable = 0x400;  // NPY_ARRAY_WRITEABLE
  return (integer(attr(attr(array, "flags"), "num").get()) & kWriteable) != 0;
}
bool has_objects(PyObject* array) { return truth_of(attr(array, "dtype").get(), "hasobject"); }

long long address_of(PyObject* array) {
  const Ref interface = attr(array, "__array_interface__");
  return integer(item(find(interface.get(), "data"), 0));
}

ByteSpan span_of(PyObject* array, Py_ssize_t itemsize) {
  const ArrayFields* fields = fields_of(array);
  const auto start = reinterpret_cast<std::uintptr_t>(fields->data);
  Py_ssize_t low = 0, high = itemsize;
  for (int i = 0; i < fields->dimensions; ++i) {
    if (fields->shape[i] == 0) return {start, 0};
    const Py_ssize_t reach = (fields->shape[i] - 1) * fields->strides[i];
    (reach < 0 ? low : high) += reach;
  }
  return {start + static_cast<std::uintptr_t>(low), static_cast<std::uintptr_t>(high - low)};
}

ByteSpan span_of(PyObject* array) { return span_of(array, integer(attr(array, "itemsize").get())); }

Ref new_array(PyObject* type, PyObject* shape, PyObject* dtype, const Ref& buffer,
              const Ref& offset, const Ref& strides, const Ref& order) {
  const Ref maker = attr(numpy("ndarray"), "__new__");
  return call(maker, type, shape, dtype, buffer, offset, strides, order);
}

namespace {

// What is behind an array that a Cython function has returned: a memoryview of a typed memoryview,
// which every extension module has a class of its own for, of an array or of Cython's own memory.
Ref without_typed_views(Ref base) {
  while (PyMemoryView_Check(base.get())) {
    PyObject* exporter = PyMemoryView_GET_BASE(base.get());
    const std::string type = exporter ? Py_TYPE(exporter)->tp_name : "";
    if (ends_with(type, ".array") && attr_or_null(exporter, "memview"))
      return Ref::borrow(exporter);  // Cython's own memory
    if (!ends_with(type, "._memoryviewslice") && !ends_with(type, ".memoryview")) break;
    base = attr(exporter, "base");
  }
  return base;
}

bool is_record(PyObject* object) {
  const char* name = Py_TYPE(object)->tp_name;
  return std::strcmp(name, "numpy.void") == 0 || std::strcmp(name, "numpy.record") == 0;
}

}  // namespace

Ref typed_memory_of(PyObject* array) {
  const Ref base = attr(array, "base");
  Ref memory = without_typed_views(base);
  return memory.is(base.get()) || is_array(memory.get()) ? Ref() : memory;
}

Ref owner_of(PyObject* array) {
  Ref owner = Ref::borrow(array);
  for (;;) {
    Ref base = without_typed_views(attr(owner, "base"));
    // as_strided() and sliding_window_view() put this between a view and its array.
    if (std::strcmp(Py_TYPE(base.get())->tp_name, "DummyArray") == 0) base = attr(base, "base");
    if (is_record(base.get())) base = attr(base, "base");  // numpy.ma views one of its array's
    if (const Ref parent = numba_parent(owner.get(), base.get())) base = parent;
    if (base.is(Py_None) || !is_array(base.get())) return owner;
    owner = base;
  }
}

}  // namespace chkpt::heap
