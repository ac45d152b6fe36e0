// SPDX-License-Identifier: BSD-3-Clause
// Environment variables, working directory, file mode mask, resource limits, niceness and allowed
// processors, locale, time zone and how the processor rounds.
#include <Python.h>

#include <algorithm>
#include <cerrno>
#include <cfenv>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// By os.getcwd() a script may be told something else (unittest.mock).
Ref save_directory() {
  char* const here = ::getcwd(nullptr, 0);
  if (!here) refuse(std::string("the working directory: ") + std::strerror(errno));
  PyObject* const path = PyUnicode_DecodeFSDefault(here);
  std::free(here);
  return own(path);
}

void restore_directory(PyObject* saved) {
  const Ref path = own(PyUnicode_EncodeFSDefault(saved));
  if (::chdir(PyBytes_AS_STRING(path.get())) != 0)
    broken("working directory " + utf8(saved) + ": " + std::strerror(errno));
}

// There is no way to read the mask but to set it; the process has one thread that makes files.
Ref save_mask() {
  const mode_t mask = umask(077);
  umask(mask);
  return number(mask);
}
void restore_mask(PyObject* saved) { umask(static_cast<mode_t>(integer(saved))); }

// What resource.setrlimit() changed.
rlimit limits_baseline[RLIM_NLIMITS];
constexpr rlimit kNoLimit{1, 0};

rlimit limit_now(int resource) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit;
}

Ref save_limits() {
  const Ref changed = new_list();
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    const rlimit now = limit_now(resource), before = limits_baseline[resource];
    if (now.rlim_cur != before.rlim_cur || now.rlim_max != before.rlim_max)
      append(changed, pack(number(resource), number(static_cast<long long>(now.rlim_cur)),
                           number(static_cast<long long>(now.rlim_max))));
  }
  return PyList_GET_SIZE(changed.get()) ? changed : none();
}

void restore_limits(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* limit = PyList_GET_ITEM(saved, i);
    const int resource = static_cast<int>(integer(item(limit, 0)));
    limits_baseline[resource] = kNoLimit;  // it is the script's from now on
    rlimit wanted{static_cast<rlim_t>(integer(item(limit, 1))),
                  static_cast<rlim_t>(integer(item(limit, 2)))};
    // A job may have less here than there.
    wanted.rlim_max = std::min(wanted.rlim_max, limit_now(resource).rlim_max);
    wanted.rlim_cur = std::min(wanted.rlim_cur, wanted.rlim_max);
    if (setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0)
      broken("resource limit " + std::to_string(resource) + " cannot be set again");
  }
}

// Of the main thread: what os.nice() and os.sched_setaffinity() changed. The new launch may be
// allowed less, which changes nothing but the time it takes.
struct Scheduling {
  static constexpr int kUnknown = INT_MAX;
  int niceness = getpriority(PRIO_PROCESS, 0);
  std::vector<int> processors = allowed_processors();

 private:
  static std::vector<int> allowed_processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<int> found;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return found;  // more than it can tell
    for (int i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &allowed)) found.push_back(i);
    return found;
  }
};
Scheduling& scheduling_baseline() {
  static Scheduling baseline;
  return baseline;
}

// (niceness | None, processors | None)
Ref save_scheduling() {
  const Scheduling now;
  const Scheduling& before = scheduling_baseline();
  const bool same_processors = now.processors == before.processors;
  if (now.niceness == before.niceness && same_processors) return none();
  const Ref processors = new_list();
  for (const int i : now.processors) append(processors, number(i));
  return pack(now.niceness == before.niceness ? none() : number(now.niceness),
              same_processors ? none() : processors);
}

void restore_scheduling(PyObject* saved) {
  Scheduling& baseline = scheduling_baseline();
  if (item(saved, 0) != Py_None) {
    (void)setpriority(PRIO_PROCESS, 0, static_cast<int>(integer(item(saved, 0))));
    baseline.niceness = Scheduling::kUnknown;  // as the script's from now on
  }
  PyObject* processors = item(saved, 1);
  if (processors == Py_None) return;
  baseline.processors.clear();
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(processors); ++i)
    CPU_SET(static_cast<std::size_t>(integer(PyList_GET_ITEM(processors, i))), &allowed);
  (void)sched_setaffinity(0, sizeof allowed, &allowed);
}

Ref save_locale() {
  const char* name = std::setlocale(LC_ALL, nullptr);
  return name ? text(name) : none();
}
void restore_locale(PyObject* saved) {
  const std::string wanted = utf8(saved);
  const char* now = std::setlocale(LC_ALL, nullptr);
  if (now && wanted == now) return;
  if (!std::setlocale(LC_ALL, wanted.c_str()))
    broken("locale " + wanted + " is not installed here");
}

Ref save_time_zone() {
  PyObject* time = loaded_module("time");
  return time ? attr(time, "tzname") : none();
}
void restore_time_zone(PyObject* saved) {
  const Ref time = import("time");
  if (!ok(PyObject_RichCompareBool(attr(time, "tzname").get(), saved, Py_EQ)))
    call_method(time, "tzset");
}

// Also whether numbers below the normal ones count as 0, which code compiled with -ffast-math sets.
struct Rounding {
  int direction = fegetround();
#ifdef __SSE__
  unsigned sse = _mm_getcsr() & kControl;
  static constexpr unsigned kControl = ~0x3FU;  // without the flags of what has happened
#else
  unsigned sse = 0;
#endif
};
Rounding& rounding_baseline() {
  static Rounding baseline;
  return baseline;
}

Ref save_rounding() {
  const Rounding now, before = rounding_baseline();
  if (now.direction == before.direction && now.sse == before.sse) return none();
  return pack(number(now.direction), number(now.sse));
}
void restore_rounding(PyObject* saved) {
  fesetround(static_cast<int>(integer(item(saved, 0))));
#ifdef __SSE__
  _mm_setcsr(static_cast<unsigned>(integer(item(saved, 1))));
#endif
}

}  // namespace

void register_environment_parts() {
  rounding_baseline();
  register_process_part({"rounding", save_rounding, restore_rounding, 1000});
  register_process_part({"environ", script_variables, set_script_variables, 20, {"os", "posix"}});
  register_process_part({"cwd", save_directory, restore_directory, 21});
  register_process_part({"umask", save_mask, restore_mask, 22});
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource)
    limits_baseline[resource] = limit_now(resource);
  register_process_part({"limits", save_limits, restore_limits, 1000});
  scheduling_baseline();
  register_process_part({"scheduling", save_scheduling, restore_scheduling, 1000});
  register_process_part({"locale", save_locale, restore_locale, 23});
  register_process_part({"time zone", save_time_zone, restore_time_zone, 24});
}

}  // namespace chkpt::process
