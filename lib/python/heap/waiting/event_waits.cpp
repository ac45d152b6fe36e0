// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/waiting/event_waits.hpp"

#include "python/frames/other_threads.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

Ref waiters_of(PyObject* event) { return attr(attr(event, "_cond"), "_waiters"); }

bool holds(const Ref& deque, PyObject* object) {
  return object && ok(PySequence_Contains(deque.get(), object)) == 1;
}

}  // namespace

// Condition.wait() acquires a lock of its own, which those who notify know.
bool waits_for_event(PyObject* event, unsigned long ident, Ref* timeout) {
  const Ref wait = attr(attr(import("threading"), "Condition"), "wait");
  PyObject* code = nullptr;
  const frames::BlockedCallable called = frames::call_in_thread(ident, &code);
  if (!attr(wait, "__code__").is(code) || !called.callable ||
      utf8_attr(called.callable, "__name__") != "acquire" ||
      !holds(waiters_of(event), called.self) || is_true(call_method(event, "is_set")))
    return false;
  if (timeout) *timeout = called.arguments.empty() ? none() : Ref::borrow(called.arguments.back());
  return true;
}

void forget_waiters(PyObject* event) { call_method(waiters_of(event), "clear"); }

}  // namespace chkpt::heap
