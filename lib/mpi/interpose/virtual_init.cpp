// SPDX-License-Identifier: BSD-3-Clause
// MPI_Init, MPI_Finalize and their queries as the script sees them. The real ones belong to the
// session, so that a rank whose script has ended still joins cuts.
#include <algorithm>

#include <mpi.h>

#include "mpi/interpose/wrapper.hpp"
#include "mpi/script_state.hpp"
#include "mpi/session.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

int start_for_script(int required, int* provided) {
  ScriptState& state = script_state();
  if (state.initialized) return MPI_ERR_OTHER;
  try {
    session::start(Start::kEager);
  } catch (const std::exception&) {
    return MPI_ERR_OTHER;
  }
  state.initialized = true;
  state.thread_level = std::min(required, provided_thread_level());
  if (provided != nullptr) *provided = state.thread_level;
  return MPI_SUCCESS;
}

}  // namespace

CHKPT_WRAPPER int MPI_Init(int* /*argc*/, char*** /*argv*/) {
  return start_for_script(MPI_THREAD_SINGLE, nullptr);
}

CHKPT_WRAPPER int MPI_Init_thread(int* /*argc*/, char*** /*argv*/, int required, int* provided) {
  return start_for_script(required, provided);
}

CHKPT_WRAPPER int MPI_Initialized(int* flag) {
  *flag = script_state().initialized ? 1 : 0;
  return MPI_SUCCESS;
}

CHKPT_WRAPPER int MPI_Finalized(int* flag) {
  *flag = script_state().finalized ? 1 : 0;
  return MPI_SUCCESS;
}

CHKPT_WRAPPER int MPI_Query_thread(int* level) {
  *level = script_state().thread_level;
  return MPI_SUCCESS;
}

CHKPT_WRAPPER int MPI_Is_thread_main(int* flag) {
  *flag = on_main_thread() ? 1 : 0;
  return MPI_SUCCESS;
}

CHKPT_WRAPPER int MPI_Finalize() {
  script_state().finalized = true;
  return MPI_SUCCESS;
}
