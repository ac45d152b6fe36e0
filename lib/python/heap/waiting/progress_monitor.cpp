// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/waiting/progress_monitor.hpp"

#include <unordered_map>
#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/waiting/event_waits.hpp"

namespace chkpt::heap {

namespace {

constexpr double kLongestPeriod_s = 5;  // between two looks: a resume waits for the first one

struct Monitor {
  const char* module;
  const char* type;
  const char* event;  // that it waits for, with a limit of time:
  const char* pace;
  double never;  // the value with which it does not look again
};
constexpr Monitor kMonitors[] = {
    {"tqdm._monitor", "TMonitor", "was_killed", "sleep_interval", 1e6},
    {"rich.live", "_RefreshThread", "done", "refresh_per_second", 1e-6},
    {"rich.progress", "_TrackThread", "done", "update_period", 1e6}};

const Monitor* monitor_of(PyTypeObject* type) {
  for (const Monitor& monitor : kMonitors) {
    const Ref known = loaded_attr(monitor.module, monitor.type);
    if (known && known.is(raw(type))) return &monitor;
  }
  return nullptr;
}

Ref event_of(PyObject* thread) { return attr(thread, monitor_of(Py_TYPE(thread))->event); }

// The local variable of its run(), or null: rich's thread that advances a task counts in one.
Ref counted_by(PyObject* thread) {
  if (!attr_or_null(thread, "task_id")) return {};
  const Ref frames = call_method(import("sys"), "_current_frames");
  PyObject* innermost = PyDict_GetItemWithError(frames.get(), attr(thread, "_ident").get());
  const Ref code = attr(attr(raw(Py_TYPE(thread)), "run"), "__code__");
  for (Ref frame = innermost ? Ref::borrow(innermost) : none(); !frame.is(Py_None);
       frame = attr(frame, "f_back"))
    if (attr(frame, "f_code").is(code.get()))
      return Ref::borrow(PyDict_GetItemString(attr(frame, "f_locals").get(), "last_completed"));
  return {};
}

// Of threads that do nothing but be compared. They are kept, as all is in such a process.
std::unordered_map<PyObject*, Ref>& told_progress() {
  static auto* told = new std::unordered_map<PyObject*, Ref>;
  return *told;
}

}  // namespace

bool is_progress_monitor_type(PyTypeObject* type) { return monitor_of(type) != nullptr; }

bool is_progress_monitor(PyObject* thread) { return is_progress_monitor_type(Py_TYPE(thread)); }

bool monitor_sleeps(PyObject* thread, unsigned long ident) {
  return waits_for_event(event_of(thread).get(), ident);
}

void forget_sleep(PyObject* thread) { forget_waiters(event_of(thread).get()); }

Ref progress_of(PyObject* thread) {
  const auto told = told_progress().find(thread);
  if (told != told_progress().end()) return Ref::borrow(told->second.get());
  Ref counted = counted_by(thread);
  return counted ? std::move(counted) : none();
}

void keep_progress(PyObject* thread, PyObject* progress) {
  if (told_progress().insert({thread, Ref::borrow(progress)}).second) Py_INCREF(thread);
}

Ref pace_of(PyObject* thread) { return attr(thread, monitor_of(Py_TYPE(thread))->pace); }

void set_pace(PyObject* thread, PyObject* pace) {
  set_attr(thread, monitor_of(Py_TYPE(thread))->pace, pace);
}

Ref never(PyObject* thread) { return own(PyFloat_FromDouble(monitor_of(Py_TYPE(thread))->never)); }

// It counts from nothing again, and adds what it finds to its task: at its next look.
Ref begin_progress_anew(PyObject* thread, PyObject* progress) {
  if (progress == Py_None || !is_true(own(PyObject_RichCompare(progress, number(0).get(), Py_NE))))
    return {};
  const Ref tasks = attr(attr(thread, "progress"), "_tasks");
  Ref task = Ref::borrow(PyDict_GetItemWithError(tasks.get(), attr(thread, "task_id").get()));
  if (!task) return {};
  const Ref left = own(PyNumber_Subtract(attr(task, "completed").get(), progress));
  set_attr(task.get(), "completed", left.get());
  const double period_s = PyFloat_AsDouble(attr(thread, "update_period").get());
  if (PyErr_Occurred()) throw Raised{};
  return period_s > kLongestPeriod_s ? Ref() : pack(task, left);
}

bool has_gone_on(PyObject* anew) {
  return !is_true(
      own(PyObject_RichCompare(attr(item(anew, 0), "completed").get(), item(anew, 1), Py_EQ)));
}

}  // namespace chkpt::heap
