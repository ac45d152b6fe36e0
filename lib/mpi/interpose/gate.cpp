// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/gate.hpp"

#include <pthread.h>

#include "mpi/interpose/thread_calls.hpp"

namespace chkpt::mpi {
namespace gate {

std::atomic<bool> g_pending{false};

namespace {
GateKeeper* g_keeper = nullptr;
}
void set_keeper(GateKeeper* keeper) { g_keeper = keeper; }
GateKeeper* keeper() { return g_keeper; }

}  // namespace gate

std::atomic<const char*> g_native_call{nullptr};
__thread int t_depth = 1;

namespace {
__thread bool t_main = false;
std::atomic<bool> g_active{false};
}  // namespace

bool outside_slow(const char* call) {
  if (in_other_thread()) thread_calls::unfollowed(call);
  return true;
}

bool outside_slow(const char* call, MPI_Comm comm) {
  if (in_other_thread() && !thread_calls::may_use(call, comm)) outside_slow(call);
  return true;
}

void enter_main_thread() {
  t_main = true;
  t_depth = 0;
  g_active = true;
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    // The child of a fork must not take part in anything.
    t_depth = 1;
    t_main = false;
    g_active = false;
    gate::g_pending = false;
    gate::set_keeper(nullptr);
  });
  (void)registered;
}

void leave_main_thread() {
  t_depth = 1;
  t_main = false;
  g_active = false;
}

bool on_main_thread() { return t_main; }
bool in_other_thread() { return !t_main && g_active; }

bool error_refuses_arguments(int rc) {
  int error_class = MPI_ERR_UNKNOWN;
  if (PMPI_Error_class(rc, &error_class) != MPI_SUCCESS) return false;
  switch (error_class) {
    case MPI_ERR_BUFFER:
    case MPI_ERR_COUNT:
    case MPI_ERR_TYPE:
    case MPI_ERR_TAG:
    case MPI_ERR_COMM:
    case MPI_ERR_RANK:
    case MPI_ERR_ROOT:
    case MPI_ERR_GROUP:
    case MPI_ERR_OP:
    case MPI_ERR_TOPOLOGY:
    case MPI_ERR_DIMS:
    case MPI_ERR_ARG:
    case MPI_ERR_REQUEST:
    case MPI_ERR_INFO:
    case MPI_ERR_WIN:
    case MPI_ERR_BASE:
    case MPI_ERR_SIZE:
    case MPI_ERR_DISP:
    case MPI_ERR_ASSERT:
    case MPI_ERR_RMA_SYNC:
      return true;
    default:
      return false;
  }
}

}  // namespace chkpt::mpi
