// SPDX-License-Identifier: BSD-3-Clause
// Groups, datatypes and infos: handles of the script's own, which several objects may share. Each
// description carries the handle's old value, so that what was one handle is made once and shared
// again. describe_* throw CannotSave or PythonError; restore_* fill a blank object. Need the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

Ref describe_group(PyObject* object);  // (old handle, world ranks)
void restore_group(PyObject* object, PyObject* payload);

Ref describe_type(PyObject* object);  // (old handle, recipe)
void restore_type(PyObject* object, PyObject* payload);

// Names a datatype outside its objects' descriptions: the old handle, or mpi4py's own object.
Ref identity_of_type(const Module& module, MPI_Datatype type);
// MPI_DATATYPE_NULL if no loaded object holds it.
MPI_Datatype type_of_identity(const Module& module, PyObject* identity);

Ref describe_info(PyObject* object);  // (old handle, ((key, value), ...))
void restore_info(PyObject* object, PyObject* payload);

// Forgets the handles of an earlier load; not when objects have been loaded, for what is loaded
// later may name them.
void forget_shared_handles();

}  // namespace chkpt::cut::handles
