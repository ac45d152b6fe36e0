// SPDX-License-Identifier: BSD-3-Clause
// Where the library counts references, several handles of the script may be one (those that
// MPI_Comm_group() gave twice, an empty MPI_Group_incl(), MPI_Comm_get_errhandler(),
// MPI_Type_get_contents()), and the script frees each. What a resume makes again has one reference,
// and a predefined object none that is the script's: the others are counted here, and freeing one
// of them does nothing else. Any thread.
#pragma once

#include <cstdint>

namespace chkpt::mpi::extra_references {

enum class Family { kGroup, kErrhandler, kType };

// `handle` as fortran_numbers::bits_of() gives it.
void add(Family family, std::uint64_t handle);
// One less of them; false if there is none, so that the library's own has to be freed.
bool take(Family family, std::uint64_t handle);

}  // namespace chkpt::mpi::extra_references
