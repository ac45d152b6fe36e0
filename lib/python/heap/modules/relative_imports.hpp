// SPDX-License-Identifier: BSD-3-Clause
// Modules of libraries that were found by a relative entry of sys.path. Where the directory in
// which that was is gone, or the launch is in a copy of it, such an entry may lead to another
// module of the same name: a resume goes on only with a file of the same contents. All need the GIL
// and throw Raised.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

// Of these modules: {name: (file, hash of its contents)}. `directories`: where imports were made,
// as import_directories() gives it.
Ref relative_imports(const std::vector<Ref>& names, PyObject* directories);
// During a load, before the import of the module. `saved`: as relative_imports() gave it, or null.
void check_relative_import(PyObject* saved, PyObject* name);

}  // namespace chkpt::heap
