// SPDX-License-Identifier: BSD-3-Clause
// The threads that tqdm and rich start beside their progress bars: from time to time they look
// whether a bar has to be drawn. While they sleep they have no state of their own but what
// progress_of() tells; a resume starts them anew. All need the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

bool is_progress_monitor_type(PyTypeObject* type);
bool is_progress_monitor(PyObject* thread);

// Inside the wait between two looks, with nothing to wake it up. Throws Raised.
bool monitor_sleeps(PyObject* thread, unsigned long ident);

// Before it is started again: what it slept in belongs to the thread that it was.
void forget_sleep(PyObject* thread);

// How often it looks, and the value with which it never does.
Ref pace_of(PyObject* thread);
void set_pace(PyObject* thread, PyObject* pace);
Ref never(PyObject* thread);

// What it has counted in a local variable, or None. Before it is started again this is undone where
// the count is kept; what is returned then, unless null, tells when it has been counted anew.
Ref progress_of(PyObject* thread);
void keep_progress(PyObject* thread, PyObject* progress);  // it is what progress_of() tells
Ref begin_progress_anew(PyObject* thread, PyObject* progress);
bool has_gone_on(PyObject* anew);

}  // namespace chkpt::heap
