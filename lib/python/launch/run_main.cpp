// SPDX-License-Identifier: BSD-3-Clause
// Runs __main__ by the interpreter's own Py_RunMain and watches how it ends. Py_RunMain offers no
// place between "the script has ended" and "the interpreter is taken down", and after SystemExit it
// never returns. So the few calls it makes there are routed through this file by the linker
// (--wrap, see CMakeLists.txt); each passes on to the real function and changes nothing.
#include "python/launch/launch.hpp"

#include <csignal>
#include <cstdio>

#include <unistd.h>

namespace chkpt::python {
namespace {

struct Ending {
  void (*hook)(int) = nullptr;
  pid_t process = 0;   // the process whose end it is; a fork of it has another id
  int exit_code = 0;   // as far as seen
  bool armed = false;  // between the start of __main__ and its end
};
Ending g_ending;

void arm() {
  g_ending.process = ::getpid();
  g_ending.exit_code = 0;
  g_ending.armed = true;
}

bool watching() { return g_ending.armed && g_ending.process == ::getpid(); }

// Python remembers the type of the exception it printed last; an unhandled KeyboardInterrupt ends
// the process by SIGINT.
bool interrupted() { return PySys_GetObject("last_type") == PyExc_KeyboardInterrupt; }

void note_run(int result) {
  if (watching()) g_ending.exit_code = result == 0 ? 0 : interrupted() ? 128 + SIGINT : 1;
}

void before_finalize() {
  if (!watching()) return;
  g_ending.armed = false;
  if (g_ending.hook) g_ending.hook(g_ending.exit_code);
}

// Py_RunMain's own end for an unhandled KeyboardInterrupt.
int die_of_sigint() {
  if (PyOS_setsig(SIGINT, SIG_DFL) == SIG_ERR)
    std::perror("signal");
  else
    ::kill(::getpid(), SIGINT);
  return 128 + SIGINT;
}

}  // namespace

void set_before_finalize(void (*hook)(int exit_code)) { g_ending.hook = hook; }

int run_main() {
  arm();
  return Py_RunMain();
}

PyObject* prepare_resumed_main() {
  arm();
  return PyImport_AddModule("__main__");
}

int finish_resumed(PyObject* result) {
  const bool by_sigint = !result && PyErr_Occurred() == PyExc_KeyboardInterrupt;
  int exit_code = 0;
  if (!result) {
    PyErr_Print();  // SystemExit: does not return
    exit_code = by_sigint ? 128 + SIGINT : 1;
  }
  Py_XDECREF(result);
  g_ending.exit_code = exit_code;
  before_finalize();
  if (Py_FinalizeEx() < 0) exit_code = 120;
  return by_sigint ? die_of_sigint() : exit_code;
}

}  // namespace chkpt::python

// The routed calls. Their spelling is the linker's.
// NOLINTBEGIN(bugprone-reserved-identifier)
#define CHKPT_ROUTED extern "C" __attribute__((visibility("hidden")))

extern "C" {
void __real_Py_Exit(int code) __attribute__((noreturn));
int __real_Py_FinalizeEx();
int __real__Py_HandleSystemExit(int* code);
int __real__PyRun_AnyFileObject(FILE*, PyObject*, int, PyCompilerFlags*);
int __real_PyRun_AnyFileExFlags(FILE*, const char*, int, PyCompilerFlags*);
}

// SystemExit that PyErr_Print meets.
CHKPT_ROUTED void __wrap_Py_Exit(int code) {
  if (chkpt::python::watching()) chkpt::python::g_ending.exit_code = code;
  chkpt::python::before_finalize();
  __real_Py_Exit(code);
}

CHKPT_ROUTED int __wrap_Py_FinalizeEx() {
  chkpt::python::before_finalize();
  return __real_Py_FinalizeEx();
}

// How a module or a directory ends that fails: SystemExit (true, with its code), or an exception
// that is printed next.
CHKPT_ROUTED int __wrap__Py_HandleSystemExit(int* code) {
  const bool by_sigint = PyErr_Occurred() == PyExc_KeyboardInterrupt;
  const int is_exit = __real__Py_HandleSystemExit(code);
  if (chkpt::python::watching())
    chkpt::python::g_ending.exit_code = is_exit ? *code : by_sigint ? 128 + SIGINT : 1;
  return is_exit;
}

CHKPT_ROUTED int __wrap__PyRun_AnyFileObject(FILE* file, PyObject* name, int close_it,
                                             PyCompilerFlags* flags) {
  const int result = __real__PyRun_AnyFileObject(file, name, close_it, flags);
  chkpt::python::note_run(result);
  return result;
}

CHKPT_ROUTED int __wrap_PyRun_AnyFileExFlags(FILE* file, const char* name, int close_it,
                                             PyCompilerFlags* flags) {
  const int result = __real_PyRun_AnyFileExFlags(file, name, close_it, flags);
  chkpt::python::note_run(result);
  return result;
}

#if PY_VERSION_HEX < 0x030D0000
extern "C" int __real_PyRun_SimpleStringFlags(const char*, PyCompilerFlags*);
CHKPT_ROUTED int __wrap_PyRun_SimpleStringFlags(const char* text, PyCompilerFlags* flags) {
  const int result = __real_PyRun_SimpleStringFlags(text, flags);
  chkpt::python::note_run(result);
  return result;
}
#else
extern "C" int __real__PyRun_SimpleStringFlagsWithName(const char*, const char*, PyCompilerFlags*);
CHKPT_ROUTED int __wrap__PyRun_SimpleStringFlagsWithName(const char* text, const char* name,
                                                         PyCompilerFlags* flags) {
  const int result = __real__PyRun_SimpleStringFlagsWithName(text, name, flags);
  chkpt::python::note_run(result);
  return result;
}
#endif
// NOLINTEND(bugprone-reserved-identifier)
