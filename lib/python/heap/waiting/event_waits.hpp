// SPDX-License-Identifier: BSD-3-Clause
// Threads that only sleep, inside wait() of a threading.Event of their own. All need the GIL and
// throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Whether the thread is inside event.wait(), with nothing to wake it up. *timeout: its argument.
bool waits_for_event(PyObject* event, unsigned long ident, Ref* timeout = nullptr);

// Before the thread is started again: what it slept in belongs to the thread that it was.
void forget_waiters(PyObject* event);

}  // namespace chkpt::heap
