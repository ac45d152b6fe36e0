// SPDX-License-Identifier: BSD-3-Clause
// Reduction operations made of a Python callable (MPI.Op.Create). mpi4py keeps the callables in a
// list of its own and numbers them; an Op knows its number. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// (old handle, callable, commutative)
Ref describe_user_op(const Module& module, PyObject* op);
void restore_user_op(PyObject* op, PyObject* payload);
void forget_user_ops();

}  // namespace chkpt::cut::handles
