// SPDX-License-Identifier: BSD-3-Clause
// threading.Timer: a thread that sleeps until its time has come, and has no other state until then.
// A resume starts it anew with the time that was left. All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

bool is_timer_type(PyTypeObject* type);  // the class itself: others may do more
bool is_timer(PyObject* thread);
bool timer_sleeps(PyObject* thread, unsigned long ident);

// When it is due, in nanoseconds of the script's time.monotonic().
Ref due_time(PyObject* timer, unsigned long ident);
// For a timer that is to be started again: it will sleep until then, and in a rehearsal for ever.
void set_due_time(PyObject* timer, PyObject* due);

}  // namespace chkpt::heap
