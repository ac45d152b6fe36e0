// SPDX-License-Identifier: BSD-3-Clause
// Signal handlers set by Python code, the main thread's signal mask, and interval timers. Handlers
// set by C code (our own among them) are the new process's business.
#include <Python.h>

#include <csignal>
#include <cstring>

#include <sys/time.h>

#include "python/frames/held_signals.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr int kTimers[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};

Ref handler_of(int number_of_signal) {
  return call_method(import("_signal"), "getsignal", number(number_of_signal));
}

// Left to the system by the script and by Python, which sets the three. Libraries may have C
// handlers for such signals in one process and not in another: MPI's has them from when it is
// started.
bool is_nobodys(int n, const Ref& handler) {
  if (n == SIGINT || n == SIGPIPE || n == SIGXFSZ) return false;
  return ok(PyObject_RichCompareBool(handler.get(), number(0).get(), Py_EQ)) == 1;  // SIG_DFL
}

// In a process that only loads to save again: those that C code has there and had not before, such
// as the driver of a network that another launch of MPI finds.
PyObject* given_handlers = nullptr;

Ref save_handlers() {
  const Ref handlers = new_dict();
  for (int n = 1; n < NSIG; ++n) {
    const Ref handler =
        Ref::steal(PyObject_CallMethod(import("_signal").get(), "getsignal", "i", n));
    if (!handler) {
      PyErr_Clear();  // not a valid number
      continue;
    }
    const Ref key = number(n);
    PyObject* given = given_handlers ? PyDict_GetItemWithError(given_handlers, key.get()) : nullptr;
    if (handler.is(Py_None) && given)
      ok(PyDict_SetItem(handlers.get(), key.get(), given));
    else if (!handler.is(Py_None) && !is_nobodys(n, handler))
      ok(PyDict_SetItem(handlers.get(), key.get(), handler.get()));
  }
  return handlers;
}

void restore_handlers(PyObject* saved) {
  if (is_rehearsal()) given_handlers = Py_NewRef(saved);
  PyObject *n = nullptr, *handler = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(saved, &position, &n, &handler)) {
    const Ref now = handler_of(static_cast<int>(integer(n)));
    if (now.is(Py_None) || ok(PyObject_RichCompareBool(now.get(), handler, Py_EQ))) continue;
    call_method(import("_signal"), "signal", n, handler);
    frames::hold_restored_signal(static_cast<int>(integer(n)));
  }
}

// None while it is as it was when the process started.
sigset_t mask_baseline;

// In a process that only loads to save again its own stays.
PyObject* given_mask = nullptr;

Ref save_mask() {
  if (given_mask) return Ref::borrow(given_mask);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  bool changed = false;
  const Ref blocked = new_list();
  for (int n = 1; n < NSIG; ++n) {
    const bool now = sigismember(&mask, n) == 1;
    changed = changed || now != (sigismember(&mask_baseline, n) == 1);
    if (now) append(blocked, number(n));
  }
  return changed ? blocked : none();
}

void restore_mask(PyObject* saved) {
  if (is_rehearsal()) {
    given_mask = Py_NewRef(saved);
    return;
  }
  sigset_t mask;
  sigemptyset(&mask);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i)
    sigaddset(&mask, static_cast<int>(integer(PyList_GET_ITEM(saved, i))));
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

// In a process that only loads to save again they do not run.
PyObject* given_timers = nullptr;

Ref save_timers() {
  if (given_timers) return Ref::borrow(given_timers);
  const Ref timers = new_list();
  for (int which : kTimers) {
    itimerval value;
    std::memset(&value, 0, sizeof value);
    if (getitimer(which, &value) != 0) continue;
    if (value.it_value.tv_sec == 0 && value.it_value.tv_usec == 0) continue;
    append(timers,
           pack(number(which), number(value.it_value.tv_sec), number(value.it_value.tv_usec),
                number(value.it_interval.tv_sec), number(value.it_interval.tv_usec)));
  }
  return PyList_GET_SIZE(timers.get()) ? timers : none();
}

void restore_timers(PyObject* saved) {
  if (is_rehearsal()) {
    given_timers = Py_NewRef(saved);
    return;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* timer = PyList_GET_ITEM(saved, i);
    itimerval value;
    value.it_value = {static_cast<time_t>(integer(item(timer, 1))), integer(item(timer, 2))};
    value.it_interval = {static_cast<time_t>(integer(item(timer, 3))), integer(item(timer, 4))};
    if (setitimer(static_cast<decltype(ITIMER_REAL)>(integer(item(timer, 0))), &value, nullptr) !=
        0)
      broken("an interval timer could not be set again");
  }
}

}  // namespace

void register_signal_part() {
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_baseline);
  register_process_part({"signal mask", save_mask, restore_mask, 99});
  register_process_part({"signals", save_handlers, restore_handlers, 100, {"signal"}});
  register_process_part({"timers", save_timers, restore_timers, 1100});
}

}  // namespace chkpt::process
