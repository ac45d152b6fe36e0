// SPDX-License-Identifier: BSD-3-Clause
// The contexts (contextvars) that code on the main thread has entered. Needs the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

// As long as this lives, the thread's own context is the current one, whatever is entered above it:
// that is the one a resumed thread begins with, before it enters the others again.
class OwnContext {
 public:
  OwnContext();
  ~OwnContext();
  OwnContext(const OwnContext&) = delete;
  OwnContext& operator=(const OwnContext&) = delete;

 private:
  PyObject* current_;
};

}  // namespace chkpt::frames
