// SPDX-License-Identifier: BSD-3-Clause
// The last check of a cut: every rank tells those it has sent messages to how many, and one or two
// others of each communicator what its clock says, over the private communicator. Collective; every
// main thread must be in chkpt's code.
#pragma once

#include <string>

namespace chkpt::mpi {

// "" if this rank's state fits the others'; else what does not. Never throws.
std::string cut_mismatch();

}  // namespace chkpt::mpi
