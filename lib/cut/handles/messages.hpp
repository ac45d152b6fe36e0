// SPDX-License-Identifier: BSD-3-Clause
// MPI.Message in a checkpoint: a message that a probe has matched and nobody has received. At a cut
// it has been taken out of the library (mpi/interpose/matched.hpp) and is saved with the object
// that holds it, for only that object can receive it. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

Ref describe_message(PyObject* message);
void restore_message(PyObject* message, PyObject* payload);
// Throws CannotSave if Fortran code knows a message: its number cannot be given again.
void check_messages_nameless();
void forget_restored_messages();

}  // namespace chkpt::cut::handles
