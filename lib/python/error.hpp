// SPDX-License-Identifier: BSD-3-Clause
// Python exceptions turned into text and into C++ exceptions, and kept aside while our own code
// runs in the middle of the script's. Needs the GIL.
#pragma once

#include <Python.h>

#include <string>

#include "base/error.hpp"

namespace chkpt {

// "TypeError: cannot pickle ..." of the pending exception, which is cleared; "" if there is none.
std::string take_exception_text();

// Throws PythonError(take_exception_text()).
[[noreturn]] void throw_pending_exception();

// Puts the pending exception aside and back: code that runs between two bytecodes of the script
// must leave the error indicator as it was.
class PendingException {
 public:
  PendingException() { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~PendingException() { PyErr_Restore(type_, value_, traceback_); }
  PendingException(const PendingException&) = delete;
  PendingException& operator=(const PendingException&) = delete;

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
};

}  // namespace chkpt
