// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's objects in a process that only looks whether a snapshot can be loaded. Its MPI world is
// not the script's, so what stands for the script's communicators, requests and the like has no
// handle there; each says again what it was made from.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// From now on, in this process.
void use_stand_ins();
bool using_stand_ins();

// Null: an object of this form needs no MPI and is made in earnest. Needs the GIL.
Ref make_stand_in(PyTypeObject* type, PyObject* description);
// The description a stand-in was made from, with the attributes it has now; null for other objects.
Ref stand_in_description(PyObject* object);

}  // namespace chkpt::cut::handles
