// SPDX-License-Identifier: BSD-3-Clause
// Threads that wait for work: workers of concurrent.futures.ThreadPoolExecutor, the monitor of
// tqdm's progress bars, and timers whose time has not come. One that waits has no state but its
// arguments: a resume starts it anew. One that works cannot be saved, but will wait again. All need
// the GIL; while it is held a worker that waits cannot be given anything.
#pragma once

#include "python/ref.hpp"

#include <string>

namespace chkpt::heap {

enum class Occupation { kIdleWorker, kBusyWorker, kOther };

// Of a running threading.Thread. Throws Raised.
Occupation occupation_of(PyObject* thread);

// "a worker of a thread pool is busy: 'pool_0' at fit.py:88 in work"; "" if none is. Leaves the
// error indicator alone, throws nothing.
std::string busy_workers();

// Whether a frame is on the stack of one that waits for work.
bool is_frame_of_idle_worker(PyObject* frame);

// (thread, executor|None, number of idle workers that the executor counts, or when a timer is due)
Ref describe_worker(PyObject* thread);
// Starts it again and waits until it waits for work. When all are started, settle_worker().
void restart_worker(PyObject* description);
void settle_worker(PyObject* description);

}  // namespace chkpt::heap
