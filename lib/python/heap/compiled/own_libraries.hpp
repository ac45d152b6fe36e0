// SPDX-License-Identifier: BSD-3-Clause
// Compiled libraries of the script's own: extension modules, what ctypes opens by a path outside
// the system's and Python's folders, and what those are linked to in the script's folder or their
// own. Their variables are state. Not of the libraries of the system and of installed packages,
// which keep caches and handles of all kinds.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>
#include <vector>

#include "base/loaded_images.hpp"
#include "python/heap/compiled/word_scan.hpp"

namespace chkpt::heap {

// Its name among the parts of the process state, and so in the path of what cannot be saved.
constexpr const char* kOwnLibraries = "own libraries";

// Remembers what is in the variables of a library that has just been loaded, and of those that it
// is linked to; does nothing for those that are known. `more`: memory that belongs to it too. Needs
// the GIL, as do the others. Throws Raised.
void note_own_library(const LoadedImage& image, std::vector<KeptMemory> more = {});
void note_linked_libraries(const LoadedImage& image);
// Before the interpreter ends.
void forget_own_libraries();

// {path: (identity, variables)}, or None. Throws CannotSave.
Ref changed_own_libraries();
// Those that nobody has loaded again are passed over: no function leads to them.
void restore_own_libraries(PyObject* saved);

// Asks `why_not` for the objects that have been in variables from the start, and leaves out from
// now on what has a reason. True if anything was found.
bool leave_out_unsaveable_of_own(const std::function<std::string(PyObject*)>& why_not);

}  // namespace chkpt::heap
