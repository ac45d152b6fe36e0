// SPDX-License-Identifier: BSD-3-Clause
// The steps of a load that make sys.modules what it was. All throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// `texts`: what of sys.path can be used before anything else is loaded.
void use_import_path(PyObject* texts);
// Modules that are saved by value, still empty: list of (name, name it is an alias of | None,
// type).
void make_modules(PyObject* shells);
// What imports found: as import_draws(), import_environment(), import_directories(),
// relative_imports() and OriginalModules::blocked() gave it.
struct ImportsThen {
  PyObject *draws, *environment, *directories, *relative, *blocked;
};
// Names, and steps as import_step() gives them.
void import_modules(PyObject* names, const ImportsThen& then);
// `order`: the names in sys.modules, one after the other; what else has been imported comes last.
void order_modules(PyObject* order);
// List of (name, items of its namespace, class | None).
void fill_modules(PyObject* namespaces);
// The classes alone, also of modules of libraries. When the rest is loaded: a class of the script
// may have its own way of giving attributes.
void give_module_classes(PyObject* namespaces);

}  // namespace chkpt::heap
