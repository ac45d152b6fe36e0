// SPDX-License-Identifier: BSD-3-Clause
// Generalized requests: MPI.Grequest.Start with functions of the script's, which may refer to the
// request itself. So an object's description is only the old handle; what belongs to the handle is
// saved beside the objects and made again when all of them are there. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"
#include "mpi/interpose/requests.hpp"

namespace chkpt::cut::handles {

Ref describe_generalized(const Module& module, PyObject* request, const mpi::RequestInfo& info);
void note_generalized(PyObject* request, PyObject* payload);

// [(old handle, query_fn, free_fn, cancel_fn, args, kargs, whether it is complete), ...] or None.
Ref save_generalized();
void restore_generalized(PyObject* state);
void forget_noted_generalized();

}  // namespace chkpt::cut::handles
