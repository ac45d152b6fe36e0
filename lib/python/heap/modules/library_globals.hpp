// SPDX-License-Identifier: BSD-3-Clause
// What has become of library modules since their import: tables that were filled on first use,
// settings that were changed, counters in classes, objects made later, functions that the script
// has replaced. A module that is imported again on resume knows nothing of them.
//
// What modules hold is recorded when a library import ends (the last step of
// importlib._bootstrap, _load_unlocked, is wrapped): see library_nodes.hpp. What differs from that
// is saved, object by object, and put into the objects that a new import made. Of modules
// in C and a few others less is looked at (unfollowed_modules.hpp). Left out are state inside C
// objects, and modules whose state is restored elsewhere or belongs to the process.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>
#include <string>

namespace chkpt::heap {

// Its name among the parts of the process state, and so in the path of what cannot be saved.
constexpr const char* kLibraryGlobals = "library globals";

// All need the GIL and throw Raised.

// Once, before the script and when all process parts are registered, whose modules are left out;
// what is imported already is recorded now.
void watch_library_globals();
// Before the interpreter ends: objects must die when their modules do.
void forget_library_globals();

// What was to be remembered of a library when it was loaded could not be found out: nobody can tell
// what has changed in it since, so that every save is refused from now on.
void note_unobserved(const std::string& what, const std::string& why);

// [(place, holder, [(part, key[, value])])]: what differs and is not known to be impossible to
// save. An entry without a value is as the import made it, or is gone if it is a name of a module
// or class.
Ref changed_library_globals();
void restore_library_globals(PyObject* changed);

// Asks `why_not` for every value that differs, and leaves out from now on what has a reason. Says
// once what that is. True if anything was found.
bool leave_out_unsaveable(const std::function<std::string(PyObject* value)>& why_not);

// A name that a module outside this bookkeeping did not have when it was imported: a resumed
// process will not find it there.
bool is_new_name(PyObject* module, PyObject* name);
// Whether a name of a library module holds something that a new import does not make.
bool made_after_import(PyObject* module, PyObject* name, PyObject* value);
// The __module__, or the (qualified name), of a library's class when its import ended; null if that
// is not known.
Ref said_at_import(PyTypeObject* type, const char* name);
// Whether any of its names may.
bool changed_since_import(PyObject* module);

// Whether what the module of a library class keeps comes back with all others' changes; that of
// logging, for one, a process part restores in its own way.
bool is_class_of_followed(PyTypeObject* type);

// Whether the import of a library module made this one, which is no file's.
bool made_by_library_import(PyObject* module);

// Where an object of a library module is found again after a new import: (module name, steps); null
// if it is none.
Ref library_place_of(PyObject* object);
// The object of a library with a place that has this address; borrowed, null if there is none.
PyObject* library_object_with(const void* address);
Ref library_object_at(PyObject* place);
// "module.name[...]", to be shown.
std::string place_text(PyObject* place);
// [(lock, its place)] of the locks that objects of library modules have.
Ref library_locks();

}  // namespace chkpt::heap
