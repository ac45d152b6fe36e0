// SPDX-License-Identifier: BSD-3-Clause
// The end of a communicator of the main thread.
#pragma once

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

// It is freed, or about to be: nothing of it is followed any more. Main thread only.
void end_following(CommInfo& comm);

}  // namespace chkpt::mpi
