// SPDX-License-Identifier: BSD-3-Clause
// What the script believes about MPI_Init and MPI_Finalize; see interpose/virtual_init.cpp.
#pragma once

#include <mpi.h>

namespace chkpt::mpi {

struct ScriptState {
  bool initialized = false;
  bool finalized = false;
  int thread_level = MPI_THREAD_SINGLE;
};
ScriptState& script_state();

int provided_thread_level();  // by the real MPI_Init_thread

}  // namespace chkpt::mpi
