// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/waiting.hpp"

#include "mpi/interpose/sent_half.hpp"

namespace chkpt::mpi {
namespace {

bool is_complete(MPI_Request request) { return chkpt::mpi::requests().is_complete(request); }

bool enough(Until until, int n, const MPI_Request requests[]) {
  bool all = true;
  bool any = false;
  bool none_live = true;
  for (int i = 0; i < n; ++i) {
    if (requests[i] == MPI_REQUEST_NULL) continue;
    const RequestInfo* info = chkpt::mpi::requests().find(requests[i]);
    const bool inactive = info != nullptr && !info->active;
    const bool complete = is_complete(requests[i]);
    all = all && complete;
    if (inactive) continue;
    none_live = false;
    any = any || complete;
  }
  return none_live || (until == Until::kAll ? all : any);
}

}  // namespace

Need need_of(const CommInfo& comm, int source) {
  if (source >= 0 && source < comm.size()) {
    return {&comm, source, comm.received[static_cast<std::size_t>(source)]};
  }
  return {&comm, MPI_ANY_SOURCE, registry().total_received()};
}

void need_reception(std::uint64_t sync, std::vector<Need>* needs) {
  if (const auto awaited = sync_sends::awaited(sync)) {
    needs->push_back({awaited->comm, awaited->dest, awaited->later, sync, awaited->tag});
  }
}

std::vector<Need> needs_of(int n, const MPI_Request handles[]) {
  std::vector<Need> needs;
  for (int i = 0; i < n; ++i) {
    if (handles[i] == MPI_REQUEST_NULL) continue;
    const RequestInfo* info = requests().find(handles[i]);
    if (info == nullptr || info->comm == nullptr || info->counted || !info->active) continue;
    if (info->sync != 0) need_reception(info->sync, &needs);
    if (is_receive(*info) && !is_complete(handles[i]))
      needs.push_back(need_of(*info->comm, info->peer));
  }
  return needs;
}

bool report_poll(int n, const MPI_Request handles[]) {
  GateKeeper* keeper = gate::keeper();
  return keeper == nullptr || keeper->polled(needs_of(n, handles));
}

void report_poll(const CommInfo& comm, int source) {
  if (GateKeeper* keeper = gate::keeper()) keeper->polled({need_of(comm, source)});
}

bool BlockedScope::wait(const std::vector<Need>& needs) {
  GateKeeper* keeper = gate::keeper();
  if (keeper == nullptr) return true;
  reported_ = true;
  const bool may_stay = keeper->blocked({call_, nothing_done_, one_number_, &needs});
  if (!may_stay) sync_sends::run_on(true);
  return may_stay;
}

void BlockedScope::leave() {
  if (!reported_) return;
  reported_ = false;
  sent_half::release_last_send();
  if (GateKeeper* keeper = gate::keeper()) keeper->unblocked();
}

void wait_while_pending(BlockedScope& scope, Until until, int n, const MPI_Request handles[]) {
  while (gate::pending() && !enough(until, n, handles)) scope.wait(needs_of(n, handles));
  scope.leave();
}

int wait_private(const char* call, bool nothing_done, int n, MPI_Request handles[],
                 MPI_Status statuses[], const CommInfo& comm, int source) {
  BlockedScope scope(call, nothing_done);
  for (;;) {
    while (gate::pending() && !enough(Until::kAll, n, handles)) {
      scope.wait(source == MPI_PROC_NULL ? std::vector<Need>{}
                                         : std::vector<Need>{need_of(comm, source)});
    }
    scope.leave();
    int flag = 0;
    const int rc = PMPI_Testall(n, handles, &flag, statuses);
    if (flag != 0 || rc != MPI_SUCCESS) return rc;
  }
}

}  // namespace chkpt::mpi
