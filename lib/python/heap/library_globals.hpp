// SPDX-License-Identifier: BSD-3-Clause
// What has become of the global names of library modules since their import: tables that were
// filled on first use, settings that were changed, functions that the script has replaced. A module
// that is imported again on resume knows nothing of them.
//
// Each library module's names are fingerprinted when its import ends (the last step of
// importlib._bootstrap, _load_unlocked, is wrapped). Of the standard library, modules whose state
// is restored elsewhere or belongs to the process are left out, and so is state inside other
// objects.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Once, before the script; what is imported already is fingerprinted now. Needs the GIL. Throws
// Raised.
void watch_library_globals();

// Names whose value can be saved and is not what the import made: [(module, name, how, value)].
// `how` is "dict", "list" or "set" for a container that is still of the type the import made,
// "deleted" for a name that is gone, and "value" for anything else. Throws Raised.
Ref changed_library_globals();
// Makes those names so again. A container of the import keeps its identity. Throws Raised.
void restore_library_globals(PyObject* changed);

// The name held another kind of value when the import ended, so that a new import does not make
// this object. All borrowed, names as in sys.modules.
bool made_after_import(PyObject* module_name, PyObject* name, PyObject* value);

}  // namespace chkpt::heap
