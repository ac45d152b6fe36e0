// SPDX-License-Identifier: BSD-3-Clause
// How a wrapper waits: at full speed in the library while nothing is pending, through the gate
// while a cut is. Completion calls are destructive, so while pending only their outcome is asked
// for.
#pragma once

#include <vector>

#include <mpi.h>

#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/requests.hpp"

namespace chkpt::mpi {

Need need_of(const CommInfo& comm, int source);
// Of a synchronous send, if its message waits for the receiver's script.
void need_reception(std::uint64_t sync, std::vector<Need>* needs);
// Of the receives and synchronous sends among n requests that are not complete.
std::vector<Need> needs_of(int n, const MPI_Request requests[]);
// True if the rank may stop here.
bool report_poll(int n, const MPI_Request requests[]);
void report_poll(const CommInfo& comm, int source);

// One blocked MPI call, from the first round that found a cut pending to its end.
class BlockedScope {
 public:
  BlockedScope(const char* call, bool nothing_done, bool one_number = false)
      : call_(call), nothing_done_(nothing_done), one_number_(one_number) {
    sync_sends::run_on(false);
  }
  ~BlockedScope() { leave(); }
  BlockedScope(const BlockedScope&) = delete;
  BlockedScope& operator=(const BlockedScope&) = delete;

  // False when the rank may not stand here; see GateKeeper::blocked().
  bool wait(const std::vector<Need>& needs);
  // Before the call takes effect.
  void leave();

 private:
  const char* call_;
  bool nothing_done_;
  bool one_number_;
  bool reported_ = false;
};

enum class Until { kAll, kAny };

// Returns when enough of the n requests can be completed, or no cut is pending any more.
void wait_while_pending(BlockedScope& scope, Until until, int n, const MPI_Request requests[]);
// Completes all n private requests of one call; `comm` and `source` say what it waits for.
int wait_private(const char* call, bool nothing_done, int n, MPI_Request requests[],
                 MPI_Status statuses[], const CommInfo& comm, int source);

}  // namespace chkpt::mpi
