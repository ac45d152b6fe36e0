// SPDX-License-Identifier: BSD-3-Clause
// The datatypes every MPI program finds ready, by name: handles differ between libraries and
// between runs, names do not.
#pragma once

#include <mpi.h>

#include <string>

namespace chkpt::mpi {

// "MPI_DOUBLE"; null if the type is not a predefined one.
const char* predefined_datatype_name(MPI_Datatype type);
// MPI_DATATYPE_NULL for a name this library does not have.
MPI_Datatype predefined_datatype(const std::string& name);

}  // namespace chkpt::mpi
