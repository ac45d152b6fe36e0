// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's objects that hold no MPI handle: MPI.memory (a buffer) and MPI.Pickle (how lower-case
// communication turns objects into bytes). Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// `form` becomes "memory" (of another object's buffer), "allocated" (mpi4py's own), "library" (of
// MPI.Alloc_mem) or "segment" (of a shared window, another rank's).
Ref describe_memory(const Module& module, PyObject* memory, std::string* form);
Ref make_memory(const Module& module, const std::string& form, PyObject* payload);

// (dumps, loads, protocol)
Ref describe_pickler(const Module& module, PyObject* pickler);
Ref make_pickler(const Module& module, PyTypeObject* type, PyObject* payload);

// MPI.pickle itself if the script has given it other functions, else None; and the way back.
Ref changed_pickler();
void restore_changed_pickler(PyObject* payload);

// What an object refers to, in the order its type visits it; of an object of a derived class also
// only what a type that it derives from visits.
std::vector<Ref> referents(PyObject* object);
std::vector<Ref> referents(PyObject* object, traverseproc traverse);

}  // namespace chkpt::cut::handles
