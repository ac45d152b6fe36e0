// SPDX-License-Identifier: BSD-3-Clause
// One mpi4py object <-> its description, a tuple (form, payload, flags, instance dict or None,
// number by which Fortran code knows it or -1) of plain Python objects. `form` names the function
// that makes the object again. Objects that share a handle share it afterwards too: descriptions
// carry the old handle as a key. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

bool is_described(PyTypeObject* type);
Ref describe(PyObject* object);  // throws CannotSave or PythonError
// What describe() returned, in a resumed process after the communicators have been rebuilt.
Ref make_again(PyTypeObject* type, PyObject* description);

// Forgets what a load has kept for sharing.
void forget_made_handles();

// An object of class `type` (which may be the script's own) without a handle; its Python __new__
// and __init__ are not run.
Ref blank(const Module& module, Kind kind, PyTypeObject* type);

}  // namespace chkpt::cut::handles
