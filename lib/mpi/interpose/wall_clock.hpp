// SPDX-License-Identifier: BSD-3-Clause
// MPI_Wtime goes on in a resumed process from where it stood at the snapshot: the library counts
// from its own start. Written by the main thread before the script runs, read by any thread.
#pragma once

#include <optional>

namespace chkpt::mpi::wall_clock {

// What the script would be answered now; nothing if it has never asked.
std::optional<double> reading();
void go_on_from(double reading);

}  // namespace chkpt::mpi::wall_clock
