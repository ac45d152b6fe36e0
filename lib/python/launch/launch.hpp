// SPDX-License-Identifier: BSD-3-Clause
// Starts the embedded interpreter so that a script cannot tell it from python3, runs __main__
// and ends the process's Python exactly as python3 does. One interpreter per process, main thread
// only. Order: set_before_finalize, initialize, then run_main or (prepare_resumed_main, frames,
// finish_resumed).
#pragma once

#include <Python.h>

#include <cstdint>
#include <string>

#include "python/launch/launch_spec.hpp"

namespace chkpt::python {

// The interpreter whose sys.executable the script sees: $VIRTUAL_ENV/bin/python3 if that
// environment is of the embedded X.Y, else the python3 the program was built with. Throws
// UsageError for an environment of another X.Y.
std::string python_program();

// Initialises the interpreter. Throws UsageError (virtual environment); an error that python3
// itself reports at start (bad PYTHONHASHSEED, no standard library) is printed by Python, which
// then exits, as python3 would.
void initialize(const LaunchSpec& spec);

// The hash seed in use since initialize(): as the user fixed it, as recorded, or chosen at random.
std::uint32_t hash_seed();

// `hook` is called once, with the GIL, when __main__ has ended (normally, by exception, by
// SystemExit) and its traceback has been printed, before Py_FinalizeEx and so before atexit
// callbacks and the join of threads. Only in the process that called run_main or
// prepare_resumed_main, never in its forks. The code is the one the process will end with unless
// flushing standard output fails later (120).
void set_before_finalize(void (*hook)(int exit_code));

// Py_RunMain. Needs the GIL. Returns the exit code; does not return after SystemExit (Python
// calls exit() itself).
int run_main();

// For a resume instead of run_main: sys.modules["__main__"] as it is before a script is run, for
// the loader to fill (borrowed). sys.argv and sys.path are the loader's.
PyObject* prepare_resumed_main();

// Ends a resumed run as Py_RunMain ends a script: `result` (stolen) or, if null, the pending
// exception with python3's traceback and exit code. Returns like run_main().
int finish_resumed(PyObject* result);

// The whole process as python3 itself: argv is Python's own command line, nothing is added or
// intercepted. For a program started under a name that begins with "python".
int run_as_python(int argc, char** argv);

}  // namespace chkpt::python
