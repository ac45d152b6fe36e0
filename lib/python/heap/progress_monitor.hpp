// SPDX-License-Identifier: BSD-3-Clause
// The thread that tqdm starts beside its progress bars: every some seconds it looks whether one of
// them has not been drawn for long. While it sleeps it has no state of its own; a resume starts it
// anew. All need the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

bool is_progress_monitor_type(PyTypeObject* type);
bool is_progress_monitor(PyObject* thread);

// Inside the wait between two looks, with nothing to wake it up. Throws Raised.
bool monitor_sleeps(PyObject* thread, unsigned long ident);

// Before it is started again: what it slept in belongs to the thread that it was.
void forget_sleep(PyObject* thread);

}  // namespace chkpt::heap
