// SPDX-License-Identifier: BSD-3-Clause
// The environment variables that libraries find when they are imported: many settle then what they
// do (threads of a BLAS, matplotlib's backend). A script sets them before the import, and the shell
// of a later launch may have others: on resume each library is imported with those that it found.
// All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// os.environ as a dict, without what belongs to the launch: the new launch has its own.
Ref script_variables();
// Makes os.environ so, but for what belongs to the launch.
void set_script_variables(PyObject* variables);

// What the launch gave. Once, before the script.
void note_first_environment();
// Before an outermost import of a library: what has changed since the last one.
void note_environment_for(PyObject* spec);

// (first, [(module name, {name: value | None if it is gone})])
Ref import_environment();
// Before all imports of a load, and before each of them. `environment`: as import_environment()
// gave it, or null.
void begin_with_first_environment(PyObject* environment);
void change_environment_for(PyObject* environment, PyObject* module_name);
// After them: what a later save says is what this one said, and what follows.
void continue_import_environment(PyObject* environment);

}  // namespace chkpt::heap
