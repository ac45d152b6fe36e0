// SPDX-License-Identifier: BSD-3-Clause
// MPI objects that cannot be saved (yet). While one lives every snapshot is skipped with a message
// that names the call which made it; a snapshot without it would be wrong. Written and
// read by any thread.
#pragma once

#include <string>

namespace chkpt::mpi::deferrals {

enum class Kind {
  kWindow,
  kFile,
  kDynamicProcess,
  kForeignComm,  // with processes outside this job
  kThreadComm,   // made by another thread of the script
  kCount,
};

void add(Kind kind, const char* mpi_call, const char* why = "");
// The same with the whole text, from inside the cut's own work.
void add_found(Kind kind, const std::string& text);
void remove(Kind kind);
// For the rest of the run.
void forever(const char* mpi_call, const char* why = "");

// "" or "MPI_Win_create at halo.py:31"; the oldest one still there.
std::string current();
// For a new session in the same process (tests).
void reset();

}  // namespace chkpt::mpi::deferrals
