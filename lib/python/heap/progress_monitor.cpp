// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/progress_monitor.hpp"

#include "python/heap/call.hpp"
#include "python/heap/event_waits.hpp"

namespace chkpt::heap {

bool is_progress_monitor_type(PyTypeObject* type) {
  const Ref monitor = loaded_attr("tqdm._monitor", "TMonitor");
  return monitor && monitor.is(raw(type));
}

bool is_progress_monitor(PyObject* thread) { return is_progress_monitor_type(Py_TYPE(thread)); }

bool monitor_sleeps(PyObject* thread, unsigned long ident) {
  return waits_for_event(attr(thread, "was_killed").get(), ident);
}

void forget_sleep(PyObject* thread) { forget_waiters(attr(thread, "was_killed").get()); }

}  // namespace chkpt::heap
