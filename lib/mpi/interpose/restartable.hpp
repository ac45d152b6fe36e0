// SPDX-License-Identifier: BSD-3-Clause
// Which method of mpi4py may be called again when a checkpoint finds the rank blocked inside it.
#pragma once

#include <string_view>

namespace chkpt::mpi {

// True only if `mpi_call` is the first MPI call with an effect that mpi4py's `method` makes, so
// that nothing has happened yet when it blocks. "recv" in MPI_Mprobe: yes; "sendrecv" in
// MPI_Mprobe: no (its message has been sent); "recv" in MPI_Recv: no (it may follow a probe).
bool restartable_method(std::string_view method, std::string_view mpi_call);

}  // namespace chkpt::mpi
