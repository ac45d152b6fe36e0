// SPDX-License-Identifier: BSD-3-Clause
// Entries of sys.modules that importing their name does not make: a module under another's name, an
// object that stands for a module, None that keeps one from being imported. Libraries put such
// entries there while they are imported, and will again; what else there is the script's. All need
// the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

// Whether the dict is that of a module, which knows its own by its address.
bool is_module_namespace(PyObject* dict);

// The name by which a module was imported; null if it has none.
Ref own_name(PyObject* module);

// A module of C code that is imported a second time makes other types of the same names. The name
// of the module, if the type is of another import of it than that in sys.modules; null otherwise.
Ref imported_again(PyTypeObject* type);

// What there is and was not noted before is the doing of a library's import, or the script's.
void note_module_entries(bool of_library);
// Before the interpreter ends.
void forget_module_entries();

// [(name, object)] of those that are the script's, and no modules of its own under their own names.
Ref module_entries_of_script();
void restore_module_entries(PyObject* entries);

// In the order of sys.modules: the names that a load is to import, and (name, name of the module |
// None) for entries of the script, which imports after them may need.
Ref import_steps(const std::vector<Ref>& imported);
void take_import_step(PyObject* step);

}  // namespace chkpt::heap
