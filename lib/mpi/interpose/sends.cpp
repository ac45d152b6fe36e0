// SPDX-License-Identifier: BSD-3-Clause
// Sending calls: counted per channel at entry, otherwise native. A blocked sender comes out because
// the receiving rank drains; a synchronous one waits on for the receiver's script.
#include <cstring>
#include <vector>

#include "mpi/interpose/drained_notices.hpp"
#include "mpi/interpose/sent_half.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

void not_sent(CommInfo& comm, int dest, int tag) {
  registry().uncount_sent(comm, dest);
  sync_sends::count(comm, dest, tag, -1);
}

template <class F>
int blocking_send(const char* call, MPI_Comm comm, int dest, int tag, F f) {
  CommInfo* info = outside(call, comm) ? nullptr : registry().find(comm);
  if (info == nullptr) return thread_traffic::sending(comm, dest, f);
  registry().count_sent(*info, dest);
  sync_sends::count(*info, dest, tag, 1);
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    rc = f();
  }
  if (refused_arguments(rc)) not_sent(*info, dest, tag);
  call_done();
  return rc;
}

// Until the receiver's script has asked for the message. The call can be made again meanwhile: the
// message has left, and the log keeps it from being sent twice.
int await_receiver(CommInfo& comm, int dest, int tag, std::uint64_t id, MPI_Request* request) {
  const Depth depth;
  const sent_half::Scope log("MPI_Ssend", comm, dest, tag, id);
  BlockedScope scope("MPI_Ssend", true);
  for (;;) {
    while (gate::pending() && !sync_sends::over(id, *request)) {
      std::vector<Need> needs;
      need_reception(id, &needs);
      scope.wait(needs);
    }
    scope.leave();
    int flag = 0;
    if (sync_sends::over(id, *request)) {
      const int rc = PMPI_Test(request, &flag, MPI_STATUS_IGNORE);
      if (flag != 0 || rc != MPI_SUCCESS) return rc;
    }
  }
}

int synchronous_send(CommInfo& comm, const void* buf, int count, MPI_Datatype type, int dest,
                     int tag) {
  MPI_Request request = MPI_REQUEST_NULL;
  std::uint64_t id = 0;
  if (sent_half::skips("MPI_Ssend", comm, dest, tag)) {
    id = sent_half::skipped_sync();
  } else {
    registry().count_sent(comm, dest);
    sync_sends::count(comm, dest, tag, 1);
    drained_notices::ask_for(comm, dest);
    const int rc = PMPI_Issend(buf, count, type, dest, tag, comm.handle, &request);
    if (refused_arguments(rc)) not_sent(comm, dest, tag);
    if (rc != MPI_SUCCESS) return rc;
    id = sync_sends::begin(comm, dest, tag);
  }
  const int rc = await_receiver(comm, dest, tag, id, &request);
  sync_sends::end(id);
  return rc;
}

// The run that this process resumes has sent it, and the message has arrived.
int already_sent(const char* call, MPI_Request* request) {
  return guarded(call, [request] {
    MPI_Status status;
    std::memset(&status, 0, sizeof status);
    return make_completed_request(status, request);
  });
}

template <class F>
int started_send(const char* call, bool synchronous, MPI_Comm comm, int dest, int tag,
                 MPI_Request* request, F f) {
  CommInfo* info = outside(call, comm) ? nullptr : registry().find(comm);
  if (info == nullptr) {
    return thread_traffic::sending(comm, dest,
                                   [&] { return thread_traffic::given(f(), comm, request); });
  }
  sent_half::g_last_send = {info, dest, tag};
  if (sent_half::skips(call, *info, dest, tag)) return already_sent(call, request);
  registry().count_sent(*info, dest);
  sync_sends::count(*info, dest, tag, 1);
  if (synchronous) drained_notices::ask_for(*info, dest);
  const int rc = f();
  if (rc == MPI_SUCCESS && !keep_apart(request)) {
    RequestInfo entry;
    entry.kind = RequestKind::kSend;
    entry.comm = info;
    entry.peer = dest;
    entry.tag = tag;
    if (synchronous) entry.sync = sync_sends::begin(*info, dest, tag);
    requests().add(*request, entry);
  } else if (refused_arguments(rc)) {
    not_sent(*info, dest, tag);
  }
  call_done();
  return rc;
}

}  // namespace

#define CHKPT_BLOCKING_SEND(name)                                                                \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag, \
                               MPI_Comm comm) {                                                  \
    return blocking_send("MPI_" #name, comm, dest, tag,                                          \
                         [&] { return PMPI_##name(buf, count, type, dest, tag, comm); });        \
  }
CHKPT_BLOCKING_SEND(Send)
CHKPT_BLOCKING_SEND(Rsend)
CHKPT_BLOCKING_SEND(Bsend)

#define CHKPT_STARTED_SEND(name, synchronous)                                                     \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag,  \
                               MPI_Comm comm, MPI_Request* request) {                             \
    return started_send("MPI_" #name, synchronous, comm, dest, tag, request,                      \
                        [&] { return PMPI_##name(buf, count, type, dest, tag, comm, request); }); \
  }
CHKPT_STARTED_SEND(Isend, false)
CHKPT_STARTED_SEND(Issend, true)
CHKPT_STARTED_SEND(Irsend, false)
CHKPT_STARTED_SEND(Ibsend, false)

CHKPT_WRAPPER int MPI_Ssend(const void* buf, int count, MPI_Datatype type, int dest, int tag,
                            MPI_Comm comm) {
  const bool counted = !outside("MPI_Ssend", comm) && dest != MPI_PROC_NULL;
  CommInfo* info = counted ? registry().find(comm) : nullptr;
  if (info == nullptr) {
    return thread_traffic::sending(comm, dest,
                                   [&] { return PMPI_Ssend(buf, count, type, dest, tag, comm); });
  }
  const int rc = synchronous_send(*info, buf, count, type, dest, tag);
  call_done();
  return rc;
}
