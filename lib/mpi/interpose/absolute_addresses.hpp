// SPDX-License-Identifier: BSD-3-Clause
// Datatypes for MPI_BOTTOM: their displacements are addresses of this process, and mean nothing in
// another. One is told from a displacement within a buffer by what MPI_Get_address has answered.
#pragma once

#include <mpi.h>

namespace chkpt::mpi::absolute_addresses {

// MPI_Get_address has answered this. Main thread only.
void given(MPI_Aint address);
// Whether a number is close to one that was given.
bool is_near_given(MPI_Aint number);
// Whether a displacement in bytes is an address: close to one that was given, or one that is mapped
// and too large for a displacement.
bool is_one(MPI_Aint displacement);

}  // namespace chkpt::mpi::absolute_addresses
