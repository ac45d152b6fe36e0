// SPDX-License-Identifier: BSD-3-Clause
// What the files with exported MPI_* functions share.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include <mpi.h>

#include "base/log.hpp"
#include "mpi/interpose/collective_gate.hpp"
#include "mpi/interpose/deferrals.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/two_phase.hpp"

// Exported from the executable: the dynamic linker finds these before those of libmpi.
#define CHKPT_WRAPPER extern "C" __attribute__((visibility("default"), used))

namespace chkpt::mpi {

// A collective call: its clock counts calls entered, so that the other ranks know they have to come
// along while this one is inside the library.
class Collective {
 public:
  Collective(const char* call, MPI_Comm comm, Entering entering = Entering::kBlocks) {
    if (outside(call, comm)) {
      ++t_depth;
      if (in_other_thread()) of_thread_.emplace(call, comm);
      return;
    }
    comm_ = registry().find(comm);
    if (comm_ != nullptr) {
      wait_before_collective(call, entering);
      blocks_ = entering != Entering::kStarts;
      const bool counted =
          blocks_ && two_phase::applies(*comm_) && two_phase::arrive(call, entering, *comm_);
      if (!counted) comm_->tick();
      g_native_call.store(call, std::memory_order_relaxed);
      clock_advanced();
    }
    ++t_depth;
  }
  ~Collective() {
    --t_depth;
    if (comm_ != nullptr) g_native_call.store(nullptr, std::memory_order_relaxed);
    if (comm_ != nullptr && gate::pending()) over();
  }
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  int done(int rc) {
    if (of_thread_) return of_thread_->done(rc);
    if (comm_ != nullptr && refused_arguments(rc)) comm_->untick();
    return rc;
  }
  // Of a nonblocking one.
  int started(int rc, MPI_Request* request) {
    if (of_thread_) return of_thread_->started(rc, request);
    if (comm_ == nullptr) return rc;
    return rc == MPI_SUCCESS ? started_on(*comm_, rc, request) : done(rc);
  }

 private:
  void over() {
    GateKeeper* keeper = gate::keeper();
    if (keeper != nullptr && blocks_) keeper->left_collective(*comm_);
    call_done();
  }

  CommInfo* comm_ = nullptr;
  bool blocks_ = false;
  std::optional<thread_traffic::CollectiveCall> of_thread_;
};

// A call that makes or uses something that cannot be saved: the library's own nested MPI_* calls
// are not the script's.
class Uncounted {
 public:
  explicit Uncounted(const char* call) : counted_(!outside(call)) { ++t_depth; }
  ~Uncounted() {
    --t_depth;
    if (counted_) call_done();
  }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;
  bool by_script() const { return counted_; }

 private:
  bool counted_;
};

// No exception may cross into the caller's C code.
template <class F>
int guarded(const char* call, F f) {
  try {
    return f();
  } catch (const std::exception& error) {
    log::error(std::string(call) + ": " + error.what());
    deferrals::forever(call, "failed");
    return MPI_ERR_INTERN;
  }
}

// Runs a creating call under a deferral that stays if it succeeds.
template <class F>
int making(deferrals::Kind kind, const char* call, F f) {
  const Uncounted scope(call);
  if (scope.by_script()) deferrals::add(kind, call);
  const int rc = f();
  if (rc != MPI_SUCCESS && scope.by_script()) deferrals::remove(kind);
  return rc;
}
template <class F>
int ending(deferrals::Kind kind, const char* call, F f) {
  const Uncounted scope(call);
  const int rc = f();
  if (rc == MPI_SUCCESS && scope.by_script()) deferrals::remove(kind);
  return rc;
}

}  // namespace chkpt::mpi
