// SPDX-License-Identifier: BSD-3-Clause
// Handing a status to the script.
#pragma once

#include <mpi.h>

namespace chkpt::mpi {

// Calls that complete one operation leave MPI_ERROR as the caller set it (MPI 3.1, section 3.2.5).
inline void give_status(MPI_Status* to, const MPI_Status& from) {
  if (to == MPI_STATUS_IGNORE) return;
  const int error = to->MPI_ERROR;
  *to = from;
  to->MPI_ERROR = error;
}

}  // namespace chkpt::mpi
