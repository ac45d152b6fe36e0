// SPDX-License-Identifier: BSD-3-Clause
// Where the library counts references, several handles of the script may be one (those that
// MPI_Comm_group() gave twice, an empty MPI_Group_incl(), MPI_Comm_get_errhandler(),
// MPI_Type_get_contents()), and the script frees each. What a resume makes again has one reference,
// and a predefined object none that is the script's: the others are counted here, and freeing one
// of them does nothing else. Any thread.
#pragma once

#include <cstdint>

#include "mpi/interpose/fortran_numbers.hpp"

namespace chkpt::mpi::extra_references {

enum class Counted { kGroup, kErrhandler, kType };

// `handle` as fortran_numbers::bits_of() gives it.
void add(Counted kind, std::uint64_t handle);
// One less of them; false if there is none.
bool take(Counted kind, std::uint64_t handle);

// False, changing nothing, if it is the library's own reference that has to be freed.
template <class H>
bool free_one(Counted kind, H* handle, H null) {
  if (!take(kind, fortran_numbers::bits_of(*handle))) return false;
  *handle = null;
  return true;
}

}  // namespace chkpt::mpi::extra_references
