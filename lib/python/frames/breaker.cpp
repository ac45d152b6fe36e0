// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/breaker.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace chkpt::frames::breaker {
namespace {

// Main thread only. Never destroyed, pending calls may come late.
std::vector<std::ptrdiff_t>& distances() {
  static auto* known = new std::vector<std::ptrdiff_t>;
  return *known;
}

int g_checks = 0;
constexpr int kEnoughChecks = 6;

std::ptrdiff_t distance(PyThreadState* ts, const void* frame_address) {
  return shim::eval_loop(ts) - static_cast<const char*>(frame_address);
}

int note_distance(void*) {
  PyThreadState* ts = PyThreadState_Get();
  if (!shim::innermost(ts)) return 0;
  const std::ptrdiff_t d = distance(ts, __builtin_dwarf_cfa());
  if (std::find(distances().begin(), distances().end(), d) == distances().end())
    distances().push_back(d);
  if (++g_checks < kEnoughChecks) call_again_at_next_check(note_distance);
  return 0;
}

// Calls, returns of builtins, loops and a generator: every kind of check.
constexpr const char* kExercise =
    "def f():\n"
    "    yield 1\n"
    "for i in (1, 2, 3, 4):\n"
    "    for j in f():\n"
    "        ''.strip()\n";  // no name that the script may have given something else

}  // namespace

void learn() {
  const Ref code = checked(Py_CompileString(kExercise, "<chkpt>", Py_file_input));
  const Ref globals = checked(PyDict_New());
  checked(PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()));
  // What others have queued would be in the way of counting.
  for (int round = 0; round < 4; ++round) checked(Py_MakePendingCalls());
  distances().clear();
  g_checks = 0;
  if (!shim::add_pending_call(note_distance))
    throw PythonError("the interpreter's queue of pending calls is full");
  shim::poke_eval_breaker();
  const Ref result = checked(PyEval_EvalCode(code.get(), globals.get(), globals.get()));
  PyDict_Clear(globals.get());  // the function in it would be left to the script's collections
  if (g_checks < kEnoughChecks || distances().empty() || distances().size() > 4)
    throw PythonError("the interpreter's eval breaker does not behave like that of CPython " +
                      std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION));
}

bool runs_between_instructions(PyThreadState* ts, const void* frame_address) {
  const std::ptrdiff_t d = distance(ts, frame_address);
  return std::find(distances().begin(), distances().end(), d) != distances().end();
}

bool call_again_at_next_check(int (*call)(void*)) {
  const bool queued = shim::add_pending_call(nullptr) && shim::add_pending_call(call);
  shim::poke_eval_breaker();
  return queued;
}

}  // namespace chkpt::frames::breaker
