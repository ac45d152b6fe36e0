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

// As long as this lives, variables that C code sets for itself (decimal does when a number is made)
// do not get into the thread's own context.
class ContextApart {
 public:
  ContextApart();  // throws PythonError
  ~ContextApart() { leave(); }
  void leave();
  ContextApart(const ContextApart&) = delete;
  ContextApart& operator=(const ContextApart&) = delete;

 private:
  Ref context_;
};

}  // namespace chkpt::frames
