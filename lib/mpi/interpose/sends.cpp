// SPDX-License-Identifier: BSD-3-Clause
// Sending calls: counted per channel at entry, otherwise native. A blocked sender comes out because
// the receiving rank drains.
#include <cstring>

#include "mpi/interpose/sent_half.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

template <class F>
int blocking_send(const char* call, MPI_Comm comm, int dest, F f) {
  CommInfo* info = outside(call) ? nullptr : registry().find(comm);
  if (info == nullptr) return f();
  registry().count_sent(*info, dest);
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    rc = f();
  }
  if (refused_arguments(rc)) registry().uncount_sent(*info, dest);
  call_done();
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
int started_send(const char* call, MPI_Comm comm, int dest, int tag, MPI_Request* request, F f) {
  CommInfo* info = outside(call) ? nullptr : registry().find(comm);
  if (info == nullptr) return f();
  sent_half::g_last_send = {info, dest, tag};
  if (sent_half::skips(call, *info, dest, tag)) return already_sent(call, request);
  registry().count_sent(*info, dest);
  const int rc = f();
  if (rc == MPI_SUCCESS && !keep_apart(request)) {
    RequestInfo entry;
    entry.kind = RequestKind::kSend;
    entry.comm = info;
    entry.peer = dest;
    entry.tag = tag;
    requests().add(*request, entry);
  } else if (refused_arguments(rc)) {
    registry().uncount_sent(*info, dest);
  }
  call_done();
  return rc;
}

}  // namespace

#define CHKPT_BLOCKING_SEND(name)                                                                \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag, \
                               MPI_Comm comm) {                                                  \
    return blocking_send("MPI_" #name, comm, dest,                                               \
                         [&] { return PMPI_##name(buf, count, type, dest, tag, comm); });        \
  }
CHKPT_BLOCKING_SEND(Send)
CHKPT_BLOCKING_SEND(Ssend)
CHKPT_BLOCKING_SEND(Rsend)
CHKPT_BLOCKING_SEND(Bsend)

#define CHKPT_STARTED_SEND(name)                                                                  \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag,  \
                               MPI_Comm comm, MPI_Request* request) {                             \
    return started_send("MPI_" #name, comm, dest, tag, request,                                   \
                        [&] { return PMPI_##name(buf, count, type, dest, tag, comm, request); }); \
  }
CHKPT_STARTED_SEND(Isend)
CHKPT_STARTED_SEND(Issend)
CHKPT_STARTED_SEND(Irsend)
CHKPT_STARTED_SEND(Ibsend)
