// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/contexts.hpp"

#include <internal/pycore_context.h>

#include "python/error.hpp"
#include "python/frames/capture.hpp"

namespace chkpt::frames {
namespace {

void make_current(PyThreadState* ts, PyObject* context) {
  ts->context = context;
  ++ts->context_ver;  // variables remember what they were in the last one
}

}  // namespace

OwnContext::OwnContext() : current_(PyThreadState_Get()->context) {
  PyObject* own = current_;
  while (own && reinterpret_cast<PyContext*>(own)->ctx_prev)
    own = reinterpret_cast<PyObject*>(reinterpret_cast<PyContext*>(own)->ctx_prev);
  if (own != current_) make_current(PyThreadState_Get(), own);
}

OwnContext::~OwnContext() {
  // The thread may have got its own only now.
  if (current_ && PyThreadState_Get()->context != current_)
    make_current(PyThreadState_Get(), current_);
}

ContextApart::ContextApart() {
  checked(PyContext_CopyCurrent());  // the thread has a context of its own now, to come back to
  context_ = checked(PyContext_New());
  if (PyContext_Enter(context_.get()) < 0) throw_pending_exception();
}

void ContextApart::leave() {
  if (!context_) return;
  const PendingException untouched;
  if (PyContext_Exit(context_.get()) < 0) PyErr_Clear();
  context_.reset();
}

}  // namespace chkpt::frames
