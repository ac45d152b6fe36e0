// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/progress_monitor.hpp"

#include "python/frames/other_threads.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

Ref condition_of(PyObject* thread) { return attr(attr(thread, "was_killed"), "_cond"); }

bool holds(const Ref& deque, PyObject* object) {
  return object && ok(PySequence_Contains(deque.get(), object)) == 1;
}

}  // namespace

bool is_progress_monitor_type(PyTypeObject* type) {
  const Ref monitor = loaded_attr("tqdm._monitor", "TMonitor");
  return monitor && monitor.is(raw(type));
}

bool is_progress_monitor(PyObject* thread) { return is_progress_monitor_type(Py_TYPE(thread)); }

// Condition.wait() acquires a lock of its own, which those who notify know. The monitor waits for
// this condition in one place only.
bool monitor_sleeps(PyObject* thread, unsigned long ident) {
  const Ref wait = attr(attr(import("threading"), "Condition"), "wait");
  PyObject* code = nullptr;
  const frames::BlockedCallable called = frames::call_in_thread(ident, &code);
  return attr(wait, "__code__").is(code) && called.callable &&
         utf8_attr(called.callable, "__name__") == "acquire" &&
         holds(attr(condition_of(thread), "_waiters"), called.self) &&
         !is_true(call_method(attr(thread, "was_killed"), "is_set"));
}

void forget_sleep(PyObject* thread) {
  call_method(attr(condition_of(thread), "_waiters"), "clear");
}

}  // namespace chkpt::heap
