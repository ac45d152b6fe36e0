// SPDX-License-Identifier: BSD-3-Clause
// Messages the script has matched (MPI_Mprobe) but not received. A drained message gets a handle of
// ours. While one is held a rank cannot stand at a cut. Main thread only.
#pragma once

#include <cstddef>
#include <memory>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::matched {

struct Matched {
  CommInfo* comm = nullptr;          // null once freed
  std::shared_ptr<Drained> drained;  // null: the handle is the library's
};

MPI_Message hold(CommInfo& comm, std::shared_ptr<Drained> message);
void hold(CommInfo& comm, MPI_Message message);
// The entry leaves the table; false if it is not known.
bool take(MPI_Message message, Matched* out);
std::size_t held();
void forget(const CommInfo& comm);

}  // namespace chkpt::mpi::matched
