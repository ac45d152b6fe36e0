// SPDX-License-Identifier: BSD-3-Clause
// time.monotonic() and time.perf_counter() go on from where they stood: another process, perhaps
// on another machine, counts from another moment, and what the script waits for (timers of asyncio,
// deadlines) would come too late or at once. They stand still until somebody asks for the first
// time after a resume.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/clocks.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr double kNanoseconds = 1e9;

PyCFunction g_monotonic_ns = nullptr;  // time's own
long long g_ahead_ns = 0;              // of the machine's clock
long long g_stands_at_ns = 0;
bool g_stands = false;
bool g_shifted = false;

long long machine_ns() { return integer(own(g_monotonic_ns(nullptr, nullptr)).get()); }

long long now_ns(bool start) {
  if (g_stands && !start) return g_stands_at_ns;
  const long long machine = machine_ns();
  if (g_stands) g_ahead_ns = g_stands_at_ns - machine;
  g_stands = false;
  return machine + g_ahead_ns;
}

// As CPython's _PyTime_AsSecondsDouble() rounds.
double seconds(long long ns) {
  constexpr long long kSecond = 1'000'000'000;
  if (ns % kSecond != 0) return static_cast<double>(ns) / kNanoseconds;
  const long long whole = ns / kSecond;
  return static_cast<double>(whole);
}

template <Ref (*Function)()>
PyObject* clock_method(PyObject*, PyObject*) {
  try {
    return Function().release();
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}
Ref clock_ns() { return number(now_ns(true)); }
Ref clock_seconds() { return own(PyFloat_FromDouble(seconds(now_ns(true)))); }

PyMethodDef* definition(const char* name) {
  const Ref function = attr(import("time"), name);
  if (!PyCFunction_Check(function.get()) ||
      (PyCFunction_GET_FLAGS(function.get()) & METH_NOARGS) == 0)
    broken(std::string("time.") + name + " is another than Python's");
  return reinterpret_cast<PyCFunctionObject*>(function.get())->m_ml;
}

// The functions stay the objects that they are, wherever they are held.
void shift_clocks() {
  if (g_shifted) return;
  for (const char* name : {"monotonic", "perf_counter"})
    definition(name)->ml_meth = clock_method<clock_seconds>;
  for (const char* name : {"monotonic_ns", "perf_counter_ns"})
    definition(name)->ml_meth = clock_method<clock_ns>;
  g_shifted = true;
}

}  // namespace

long long script_clock_ns() { return now_ns(false); }

void start_script_clock() { now_ns(true); }

namespace {

Ref save_clocks() { return number(now_ns(false)); }

void restore_clocks(PyObject* saved) {
  shift_clocks();
  g_stands_at_ns = integer(saved);
  g_stands = true;
}

}  // namespace

void register_clock_part() {
  g_monotonic_ns = definition("monotonic_ns")->ml_meth;
  register_process_part({"clocks", save_clocks, restore_clocks, 1200});
}

}  // namespace chkpt::process
