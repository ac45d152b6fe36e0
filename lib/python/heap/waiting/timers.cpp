// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/waiting/timers.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unordered_map>
#include <utility>

#include <time.h>
#include <unistd.h>

#include "python/heap/call.hpp"
#include "python/heap/waiting/event_waits.hpp"
#include "python/heap/customs.hpp"
#include "python/process/clocks.hpp"

namespace chkpt::heap {
namespace {

constexpr double kNanoseconds = 1e9;
// Its function must not run before the script does.
constexpr double kSoonest_s = 0.25;
constexpr double kNever_s = 1e6;

// Those that a resume has started: thread, when it is due. The threads are kept.
std::unordered_map<PyObject*, long long>& started_again() {
  static auto* timers = new std::unordered_map<PyObject*, long long>;
  return *timers;
}

Ref event_of(PyObject* timer) { return attr(timer, "finished"); }

// Since when a thread exists, in seconds since the machine started: field 22 of its stat file,
// counted behind the name, which may have any characters in it.
double thread_start_s(long long native_id) {
  std::ifstream in("/proc/self/task/" + std::to_string(native_id) + "/stat");
  std::string line;
  std::getline(in, line);
  std::size_t at = line.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = line.find(' ', at + 1);
  if (at == std::string::npos) refuse("a threading.Timer whose thread cannot be examined");
  return std::strtod(line.c_str() + at, nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double machine_s() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / kNanoseconds;
}

}  // namespace

bool is_timer_type(PyTypeObject* type) {
  const Ref timer = loaded_attr("threading", "Timer");
  return timer && timer.is(raw(type));
}

bool is_timer(PyObject* thread) { return is_timer_type(Py_TYPE(thread)); }

bool timer_sleeps(PyObject* thread, unsigned long ident) {
  const Ref event = attr_or_null(thread, "finished");
  return event && waits_for_event(event.get(), ident);
}

Ref due_time(PyObject* timer, unsigned long ident) {
  const auto again = started_again().find(timer);
  if (again != started_again().end()) return number(again->second);
  Ref timeout;
  if (!waits_for_event(event_of(timer).get(), ident, &timeout) || timeout.is(Py_None))
    refuse("a threading.Timer that is not waiting for its time");
  const double passed = machine_s() - thread_start_s(integer(attr(timer, "native_id").get()));
  const double left = std::max(0.0, PyFloat_AsDouble(timeout.get()) - passed);
  if (PyErr_Occurred()) throw Raised{};
  return number(process::script_clock_ns() + static_cast<long long>(left * kNanoseconds));
}

void set_due_time(PyObject* timer, PyObject* due) {
  forget_waiters(event_of(timer).get());
  const double left = static_cast<double>(integer(due) - process::script_clock_ns()) / kNanoseconds;
  const double seconds = is_rehearsal() ? kNever_s : std::max(left, kSoonest_s);
  set_attr(timer, "interval", own(PyFloat_FromDouble(seconds)).get());
  if (!is_rehearsal()) process::start_script_clock();
  if (started_again().insert({timer, integer(due)}).second) Py_INCREF(timer);
}

}  // namespace chkpt::heap
