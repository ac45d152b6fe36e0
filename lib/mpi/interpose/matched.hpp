// SPDX-License-Identifier: BSD-3-Clause
// Messages the script has matched (MPI_Mprobe) but not received. While a cut is pending they are
// taken out of the library like those that nobody has matched, but not into the queue of drained
// messages: they belong to the handle the script holds. Main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::matched {

struct Matched {
  CommInfo* comm = nullptr;                // null once freed
  std::shared_ptr<Drained> drained;        // null: `message` is still the library's
  MPI_Message message = MPI_MESSAGE_NULL;  // the library's handle, while it is
  MPI_Status status{};                     // of its probe
  std::uint64_t order = 0;                 // of matching
  std::shared_ptr<Drained> place;          // its address is the script's handle if `message` is not
  int number = 0;                          // by which Fortran code knows it, if it is not 0
};

// The handle to give to the script.
MPI_Message hold(CommInfo& comm, std::shared_ptr<Drained> message);
MPI_Message hold(CommInfo& comm, MPI_Message message, const MPI_Status& status);
// The entry leaves the table; false if it is not known.
bool take(MPI_Message message, Matched* out);
// Null if it is not known. Valid until the next hold() or take().
const Matched* find(MPI_Message message);
void for_each(const std::function<void(Matched&)>& f);
// For Fortran code: the library knows no number of a message that a cut has taken out of it. 0, and
// MPI_MESSAGE_NULL: of no message here.
int number_of(MPI_Message message);
MPI_Message with_number(int number);
void forget(const CommInfo& comm);

}  // namespace chkpt::mpi::matched
