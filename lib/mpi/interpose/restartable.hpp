// SPDX-License-Identifier: BSD-3-Clause
// Which method of mpi4py may be called again when a checkpoint finds the rank waiting inside it:
// one whose first MPI call with an effect is the one that waits, so that nothing has happened yet.
// What the methods call, and in what order, is fixed by mpi4py's source; a method or a stage that
// is not listed is never cut in two, the rank is let out of it instead. tests/mpi/methods checks
// the list against the calls that the installed mpi4py makes.
#pragma once

#include <string_view>

namespace chkpt::mpi {

struct Restart {
  bool possible = false;
  bool after_send = false;  // its nonblocking send is done: the intra-call log has to keep it
  bool pickles = false;     // it would pickle its arguments again
};

// `one_number`: the call carries a single number (BlockedCall::one_number).
// "recv" in MPI_Mprobe: yes; "recv" in MPI_Recv: no, it may follow a probe; "bcast" in MPI_Bcast:
// only while it says the size.
Restart restart_of(std::string_view method, std::string_view mpi_call, bool one_number);

}  // namespace chkpt::mpi
