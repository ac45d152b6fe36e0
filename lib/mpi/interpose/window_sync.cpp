// SPDX-License-Identifier: BSD-3-Clause
// Synchronisation of RMA windows. A fence is a collective call on the window's communicator. Post
// and start, complete and wait find each other by empty messages on it, so that a rank that waits
// in one of them says which ranks it needs, as for any other message. A rank that waits for a lock
// needs nothing to be said: whoever holds one runs on until it has given it back.
#include "mpi/interpose/epochs.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/interpose/windows.hpp"
#include "mpi/interpose/wrapper.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::windows {
namespace {

using epochs::Kind;

constexpr int kExposed = 0;    // tag: MPI_Win_post
constexpr int kCompleted = 1;  // tag: MPI_Win_complete

WindowInfo* followed(const char* call, MPI_Win win) { return outside(call) ? nullptr : find(win); }

std::vector<int> ranks_of(MPI_Group group, const WindowInfo& window) {
  std::vector<int> ranks;
  for (const int world : world_ranks(group)) {
    for (int i = 0; i < window.comm->size(); ++i) {
      if (window.comm->members[static_cast<std::size_t>(i)] == world) ranks.push_back(i);
    }
  }
  return ranks;
}

int tell(const WindowInfo& window, const std::vector<int>& ranks, int tag) {
  for (const int rank : ranks) {
    const int rc = MPI_Send(nullptr, 0, MPI_BYTE, rank, tag, window.comm->handle);
    if (rc != MPI_SUCCESS) return rc;
  }
  return MPI_SUCCESS;
}

int hear(const WindowInfo& window, const std::vector<int>& ranks, int tag) {
  for (const int rank : ranks) {
    const int rc =
        MPI_Recv(nullptr, 0, MPI_BYTE, rank, tag, window.comm->handle, MPI_STATUS_IGNORE);
    if (rc != MPI_SUCCESS) return rc;
  }
  return MPI_SUCCESS;
}

int fence(WindowInfo& window, int assertion) {
  Collective scope("MPI_Win_fence", window.comm->handle);
  const int rc = scope.done(PMPI_Win_fence(assertion, window.handle));
  if (rc == MPI_SUCCESS) {
    epochs::close(&window, Kind::kFence);
    window.accessed = false;
    window.fence_open = (assertion & MPI_MODE_NOSUCCEED) == 0;
  }
  return rc;
}

template <class F>
int native(const char* call, F f) {
  const NativeCall scope(call);
  return f();
}

// The epoch opens before the call, which may wait.
template <class F>
int lock(WindowInfo& window, Kind kind, const char* call, F f) {
  epochs::open(&window, kind, call);
  const int rc = native(call, f);
  if (rc == MPI_SUCCESS) {
    ++window.passive;
  } else {
    epochs::close(&window, kind);
  }
  call_done();
  return rc;
}

template <class F>
int unlock(WindowInfo& window, Kind kind, const char* call, F f) {
  const int rc = native(call, f);
  if (rc == MPI_SUCCESS) {
    --window.passive;
    epochs::close(&window, kind);
  }
  call_done();
  return rc;
}

int post(WindowInfo& window, MPI_Group group, int assertion) {
  constexpr const char* kCall = "MPI_Win_post";
  const std::vector<int> origins = ranks_of(group, window);
  epochs::open(&window, Kind::kExposure, kCall);
  const int rc = native(kCall, [&] { return PMPI_Win_post(group, assertion, window.handle); });
  if (rc != MPI_SUCCESS) {
    epochs::close(&window, Kind::kExposure);
    return rc;
  }
  window.origins = origins;
  return tell(window, window.origins, kExposed);
}

int start(WindowInfo& window, MPI_Group group, int assertion) {
  constexpr const char* kCall = "MPI_Win_start";
  const std::vector<int> targets = ranks_of(group, window);
  epochs::open(&window, Kind::kAccess, kCall);
  int rc = hear(window, targets, kExposed);
  if (rc == MPI_SUCCESS) {
    rc = native(kCall, [&] { return PMPI_Win_start(group, assertion, window.handle); });
  }
  if (rc == MPI_SUCCESS) {
    window.targets = targets;
  } else {
    epochs::close(&window, Kind::kAccess);
  }
  return rc;
}

int complete(WindowInfo& window) {
  constexpr const char* kCall = "MPI_Win_complete";
  int rc = native(kCall, [&] { return PMPI_Win_complete(window.handle); });
  if (rc == MPI_SUCCESS) {
    rc = tell(window, std::exchange(window.targets, {}), kCompleted);
    epochs::close(&window, Kind::kAccess);
  }
  call_done();
  return rc;
}

int end_exposure(WindowInfo& window) {
  const int rc = hear(window, std::exchange(window.origins, {}), kCompleted);
  epochs::close(&window, Kind::kExposure);
  return rc;
}

int wait(WindowInfo& window) {
  int rc = end_exposure(window);
  if (rc == MPI_SUCCESS) {
    rc = native("MPI_Win_wait", [&] { return PMPI_Win_wait(window.handle); });
  }
  call_done();
  return rc;
}

int test(WindowInfo& window, int* flag) {
  int rc = native("MPI_Win_test", [&] { return PMPI_Win_test(window.handle, flag); });
  if (rc == MPI_SUCCESS && *flag != 0) {
    rc = end_exposure(window);
  } else if (gate::pending() && gate::keeper() != nullptr) {
    std::vector<Need> needs;
    for (const int rank : window.origins) needs.push_back(need_of(*window.comm, rank));
    gate::keeper()->polled(needs);
  }
  call_done();
  return rc;
}

}  // namespace
}  // namespace chkpt::mpi::windows

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions
using chkpt::mpi::epochs::Kind;

CHKPT_WRAPPER int MPI_Win_fence(int assertion, MPI_Win win) {
  WindowInfo* window = windows::followed("MPI_Win_fence", win);
  return window == nullptr ? PMPI_Win_fence(assertion, win) : windows::fence(*window, assertion);
}

CHKPT_WRAPPER int MPI_Win_lock(int type, int rank, int assertion, MPI_Win win) {
  constexpr const char* kCall = "MPI_Win_lock";
  const auto real = [&] { return PMPI_Win_lock(type, rank, assertion, win); };
  WindowInfo* window = windows::followed(kCall, win);
  return window == nullptr ? real() : windows::lock(*window, Kind::kLock, kCall, real);
}

CHKPT_WRAPPER int MPI_Win_unlock(int rank, MPI_Win win) {
  constexpr const char* kCall = "MPI_Win_unlock";
  const auto real = [&] { return PMPI_Win_unlock(rank, win); };
  WindowInfo* window = windows::followed(kCall, win);
  return window == nullptr ? real() : windows::unlock(*window, Kind::kLock, kCall, real);
}

CHKPT_WRAPPER int MPI_Win_lock_all(int assertion, MPI_Win win) {
  constexpr const char* kCall = "MPI_Win_lock_all";
  const auto real = [&] { return PMPI_Win_lock_all(assertion, win); };
  WindowInfo* window = windows::followed(kCall, win);
  if (window == nullptr) return real();
  const int rc = windows::lock(*window, Kind::kLockAll, kCall, real);
  if (rc == MPI_SUCCESS) window->locked_all = assertion;
  return rc;
}

CHKPT_WRAPPER int MPI_Win_unlock_all(MPI_Win win) {
  constexpr const char* kCall = "MPI_Win_unlock_all";
  const auto real = [&] { return PMPI_Win_unlock_all(win); };
  WindowInfo* window = windows::followed(kCall, win);
  if (window == nullptr) return real();
  const int rc = windows::unlock(*window, Kind::kLockAll, kCall, real);
  if (rc == MPI_SUCCESS) window->locked_all.reset();
  return rc;
}

CHKPT_WRAPPER int MPI_Win_post(MPI_Group group, int assertion, MPI_Win win) {
  WindowInfo* window = windows::followed("MPI_Win_post", win);
  if (window == nullptr) return PMPI_Win_post(group, assertion, win);
  return guarded("MPI_Win_post", [&] { return windows::post(*window, group, assertion); });
}

CHKPT_WRAPPER int MPI_Win_start(MPI_Group group, int assertion, MPI_Win win) {
  WindowInfo* window = windows::followed("MPI_Win_start", win);
  if (window == nullptr) return PMPI_Win_start(group, assertion, win);
  return guarded("MPI_Win_start", [&] { return windows::start(*window, group, assertion); });
}

CHKPT_WRAPPER int MPI_Win_complete(MPI_Win win) {
  WindowInfo* window = windows::followed("MPI_Win_complete", win);
  return window == nullptr ? PMPI_Win_complete(win) : windows::complete(*window);
}

CHKPT_WRAPPER int MPI_Win_wait(MPI_Win win) {
  WindowInfo* window = windows::followed("MPI_Win_wait", win);
  return window == nullptr ? PMPI_Win_wait(win) : windows::wait(*window);
}

CHKPT_WRAPPER int MPI_Win_test(MPI_Win win, int* flag) {
  WindowInfo* window = windows::followed("MPI_Win_test", win);
  return window == nullptr ? PMPI_Win_test(win, flag) : windows::test(*window, flag);
}
