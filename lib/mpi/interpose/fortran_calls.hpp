// SPDX-License-Identifier: BSD-3-Clause
// MPI called by Fortran code (f2py). OpenMPI's Fortran bindings call the PMPI_* functions of its C
// library, past the wrappers.
#pragma once

namespace chkpt::mpi {

// Loads the Fortran bindings that belong to the C library, if they are installed, and makes them
// call the wrappers. To be called before any other code can use them.
void redirect_fortran_calls();

}  // namespace chkpt::mpi
