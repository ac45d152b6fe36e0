// SPDX-License-Identifier: BSD-3-Clause
// Persistent requests, and the end of requests by MPI_Request_free. An inactive one is nothing but
// its arguments; an active one counts as the send or receive that its start has posted.
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/drained_notices.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

// What a persistent request does each time it is started.
struct Arguments {
  void* buffer;
  int count;
  MPI_Datatype type;
  int peer;
  int tag;
  MPI_Comm comm;
};

template <class F>
int make_persistent(const char* call, RequestInfo info, const Arguments& with, MPI_Request* request,
                    F really) {
  const int rc = really();
  // On a communicator that is not followed nothing is counted; it defers snapshots itself.
  if (outside(call) || rc != MPI_SUCCESS) return rc;
  info.comm = registry().find(with.comm);
  if (info.comm == nullptr) return rc;
  info.peer = with.peer;
  info.tag = with.tag;
  info.buffer = with.buffer;
  info.count = with.count;
  info.type = with.type;
  info.active = false;
  requests().add(*request, info);
  call_done();
  return rc;
}

RequestInfo sending(SendMode mode) {
  RequestInfo info;
  info.kind = RequestKind::kPersistentSend;
  info.mode = mode;
  return info;
}

// A drained message takes the place of the receive: the script holds a completed request until it
// waits for it, then gets the persistent handle back.
bool start_from_drained(MPI_Request* request, const RequestInfo& info, int* rc) {
  if (info.comm == nullptr || info.comm->drained.empty()) return false;
  bool taken = false;
  *rc = guarded("MPI_Start", [&] {
    const auto message = drain::take(*info.comm, info.peer, info.tag);
    taken = message != nullptr;
    if (!taken) return MPI_SUCCESS;
    MPI_Status status;
    const int delivered = drain::deliver(*message, info.buffer, info.count, info.type, &status);
    status.MPI_ERROR = delivered;
    return complete_persistent(status, request);
  });
  return taken || *rc != MPI_SUCCESS;
}

int start_one(MPI_Request* request) {
  RequestInfo* info = requests().find(*request);
  if (info == nullptr) return PMPI_Start(request);
  int rc = MPI_SUCCESS;
  if (info->kind == RequestKind::kPersistentReceive && start_from_drained(request, *info, &rc)) {
    return rc;
  }
  if (info->kind == RequestKind::kPersistentSend && info->comm != nullptr) {
    registry().count_sent(*info->comm, info->peer);
    sync_sends::count(*info->comm, info->peer, info->tag, 1);
    if (info->mode == SendMode::kSynchronous) {
      drained_notices::ask_for(*info->comm, info->peer);
      info->sync = sync_sends::begin(*info->comm, info->peer, info->tag);
    }
  }
  requests().started(*info);
  return PMPI_Start(request);
}

}  // namespace

#define CHKPT_SEND_INIT(name, mode)                                                              \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag, \
                               MPI_Comm comm, MPI_Request* request) {                            \
    const Arguments with{const_cast<void*>(buf), count, type, dest, tag, comm};                  \
    return make_persistent("MPI_" #name, sending(SendMode::mode), with, request, [&] {           \
      return PMPI_##name(buf, count, type, dest, tag, comm, request);                            \
    });                                                                                          \
  }
CHKPT_SEND_INIT(Send_init, kStandard)
CHKPT_SEND_INIT(Ssend_init, kSynchronous)
CHKPT_SEND_INIT(Bsend_init, kBuffered)
CHKPT_SEND_INIT(Rsend_init, kReady)

CHKPT_WRAPPER int MPI_Recv_init(void* buf, int count, MPI_Datatype type, int source, int tag,
                                MPI_Comm comm, MPI_Request* request) {
  RequestInfo info;
  info.kind = RequestKind::kPersistentReceive;
  return make_persistent(
      "MPI_Recv_init", info, {buf, count, type, source, tag, comm}, request,
      [&] { return PMPI_Recv_init(buf, count, type, source, tag, comm, request); });
}

CHKPT_WRAPPER int MPI_Start(MPI_Request* request) {
  if (outside("MPI_Start")) return PMPI_Start(request);
  const int rc = start_one(request);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Startall(int n, MPI_Request requests[]) {
  if (outside("MPI_Startall")) return PMPI_Startall(n, requests);
  int rc = MPI_SUCCESS;
  for (int i = 0; i < n && rc == MPI_SUCCESS; ++i) rc = start_one(&requests[i]);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Cancel(MPI_Request* request) {
  const thread_traffic::Completing completing("MPI_Cancel", 1, request);
  thread_calls::lose_count("MPI_Cancel", thread_traffic::comm_of(*request));
  RequestInfo* info = not_counted() ? nullptr : requests().find(*request);
  if (info != nullptr) info->cancelling = true;
  return PMPI_Cancel(request);
}

CHKPT_WRAPPER int MPI_Request_free(MPI_Request* request) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Request_free", 1, request);
    return PMPI_Request_free(request);
  }
  RequestInfo* info = requests().find(*request);
  if (info == nullptr) return PMPI_Request_free(request);
  if (info->persistent != MPI_REQUEST_NULL) {
    MPI_Request persistent = info->persistent;
    requests().remove(persistent);
    PMPI_Request_free(&persistent);
  } else if (is_receive(*info) && info->active && !info->counted) {
    // Its completion has to be seen, or the channel's counters never agree again.
    requests().detach(*info);
    *request = MPI_REQUEST_NULL;
    requests().count_completed();
    return MPI_SUCCESS;
  }
  requests().remove(*request);
  return PMPI_Request_free(request);
}
