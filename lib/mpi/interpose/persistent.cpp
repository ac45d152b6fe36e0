// SPDX-License-Identifier: BSD-3-Clause
// Persistent requests, and the end of requests by MPI_Request_free. Persistent ones defer snapshots
// while they live; their messages are counted all the same, so that snapshots work again
// afterwards.
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

using deferrals::Kind;

int entered(int rc, RequestInfo info, MPI_Request* request) {
  if (rc != MPI_SUCCESS || t_depth != 1 || info.comm == nullptr) return rc;
  info.active = false;
  requests().add(*request, info);
  return rc;
}

RequestInfo send_info(MPI_Comm comm, int dest, int tag) {
  RequestInfo info;
  info.kind = RequestKind::kPersistentSend;
  info.comm = registry().find(comm);
  info.peer = dest;
  info.tag = tag;
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
    const MPI_Request persistent = *request;
    const int made = make_completed_request(status, request);
    if (made == MPI_SUCCESS) requests().find(*request)->persistent = persistent;
    return made;
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
  }
  info->active = true;
  return PMPI_Start(request);
}

}  // namespace

#define CHKPT_SEND_INIT(name)                                                                    \
  CHKPT_WRAPPER int MPI_##name(const void* buf, int count, MPI_Datatype type, int dest, int tag, \
                               MPI_Comm comm, MPI_Request* request) {                            \
    return making(Kind::kPersistentRequest, "MPI_" #name, [&] {                                  \
      return entered(PMPI_##name(buf, count, type, dest, tag, comm, request),                    \
                     send_info(comm, dest, tag), request);                                       \
    });                                                                                          \
  }
CHKPT_SEND_INIT(Send_init)
CHKPT_SEND_INIT(Ssend_init)
CHKPT_SEND_INIT(Bsend_init)
CHKPT_SEND_INIT(Rsend_init)

CHKPT_WRAPPER int MPI_Recv_init(void* buf, int count, MPI_Datatype type, int source, int tag,
                                MPI_Comm comm, MPI_Request* request) {
  return making(Kind::kPersistentRequest, "MPI_Recv_init", [&] {
    RequestInfo info = send_info(comm, source, tag);
    info.kind = RequestKind::kPersistentReceive;
    info.buffer = buf;
    info.count = count;
    info.type = type;
    return entered(PMPI_Recv_init(buf, count, type, source, tag, comm, request), info, request);
  });
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

CHKPT_WRAPPER int MPI_Request_free(MPI_Request* request) {
  if (outside("MPI_Request_free")) return PMPI_Request_free(request);
  RequestInfo* info = requests().find(*request);
  if (info == nullptr) return PMPI_Request_free(request);
  if (info->persistent != MPI_REQUEST_NULL) {
    MPI_Request persistent = info->persistent;
    requests().remove(persistent);
    PMPI_Request_free(&persistent);
    deferrals::remove(Kind::kPersistentRequest);
  } else if (info->kind == RequestKind::kPersistentSend ||
             info->kind == RequestKind::kPersistentReceive) {
    deferrals::remove(Kind::kPersistentRequest);
  } else if (info->kind == RequestKind::kReceive && !info->counted) {
    // Its completion would never be seen, and the channel's counters never agree again.
    deferrals::forever("MPI_Request_free", "of a pending receive");
  }
  requests().remove(*request);
  return PMPI_Request_free(request);
}
