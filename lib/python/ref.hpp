// SPDX-License-Identifier: BSD-3-Clause
// Ref owns one reference to a Python object; every call needs the GIL. A Ref that is still set when
// the interpreter is gone must be release()d, not destroyed: destructors do not check.
#pragma once

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>

#include <utility>

#include "python/error.hpp"

namespace chkpt {

class Ref {
 public:
  Ref() noexcept = default;
  Ref(std::nullptr_t) noexcept {}  // NOLINT: null is a Ref
  static Ref steal(PyObject* owned) noexcept { return Ref(owned); }
  static Ref borrow(PyObject* borrowed) noexcept {
    Py_XINCREF(borrowed);
    return Ref(borrowed);
  }
  // For C types that begin with PyObject_HEAD.
  template <class T>
  static Ref steal(T* owned) noexcept {
    return Ref(reinterpret_cast<PyObject*>(owned));
  }
  template <class T>
  static Ref borrow(T* borrowed) noexcept {
    return borrow(reinterpret_cast<PyObject*>(borrowed));
  }

  Ref(const Ref& other) noexcept : object_(other.object_) { Py_XINCREF(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const noexcept { return object_; }
  PyObject* new_ref() const noexcept { return Py_XNewRef(object_); }
  [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  void reset() noexcept { Py_CLEAR(object_); }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  bool is(PyObject* other) const noexcept { return object_ == other; }

 private:
  explicit Ref(PyObject* owned) noexcept : object_(owned) {}
  PyObject* object_ = nullptr;
};

// Takes a new reference from a C API call; null becomes PythonError with the pending exception's
// text (the exception is cleared).
inline Ref checked(PyObject* new_ref) {
  if (!new_ref) throw_pending_exception();
  return Ref::steal(new_ref);
}

// For calls that report failure by a negative number.
inline int checked(int result) {
  if (result < 0) throw_pending_exception();
  return result;
}

}  // namespace chkpt
