// SPDX-License-Identifier: BSD-3-Clause
// Extension modules of the script's own, which lie neither in the system's folders nor among
// installed packages: their variables in C and the names in their namespaces are state. A new
// import makes only what the first one made. Not those that f2py has made (process/fortran.cpp).
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>

namespace chkpt::heap {

// Its name among the parts of the process state, and so in the path of what cannot be saved.
constexpr const char* kOwnModules = "own modules";

// Remembers what the module is like as soon as it has been imported; does nothing for others.
// Needs the GIL, as do the others. Throws Raised.
void note_own_module(PyObject* module);
// Before the interpreter ends.
void forget_own_modules();

bool has_own_modules();

// {module: (names that have changed, names that are gone)}, or None. Throws Raised.
Ref changed_own_modules();
void restore_own_modules(PyObject* saved);

bool is_own_module(PyObject* module);

// Whether that part saves what this name of a module stands for.
bool is_kept_by_own_module(PyObject* module, PyObject* name);

// Asks `why_not` for the objects that names have stood for since the import, and leaves out from
// now on what has a reason. True if anything was found.
bool leave_out_unsaveable_names(const std::function<std::string(PyObject*)>& why_not);

}  // namespace chkpt::heap
