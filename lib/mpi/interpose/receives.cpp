// SPDX-License-Identifier: BSD-3-Clause
// Receiving calls: drained messages first, then the library. A blocking receive is a nonblocking
// one with a test loop, so that the rank can take part in a cut while it waits.
#include <vector>

#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/sent_half.hpp"
#include "mpi/interpose/status.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

struct Target {
  void* buffer;
  int count;
  MPI_Datatype type;
  int source;
  int tag;
};

CommInfo* followed(const char* call, MPI_Comm comm, int source) {
  if (outside(call, comm) || source == MPI_PROC_NULL) return nullptr;
  return registry().find(comm);
}

// False when no drained message matches; else *rc is what the receive returns.
bool take_drained(const char* call, CommInfo& comm, const Target& to, MPI_Status* status, int* rc) {
  bool taken = false;
  *rc = guarded(call, [&] {
    const auto message = drain::take(comm, to.source, to.tag);
    taken = message != nullptr;
    return taken ? drain::deliver(*message, to.buffer, to.count, to.type, status) : MPI_SUCCESS;
  });
  return taken || *rc != MPI_SUCCESS;
}

inline bool receive_drained(const char* call, CommInfo& comm, const Target& to, MPI_Status* status,
                            int* rc) {
  return !comm.drained.empty() && take_drained(call, comm, to, status, rc);
}

int receive(CommInfo& comm, const Target& to, MPI_Status* status) {
  MPI_Request request = MPI_REQUEST_NULL;
  int rc = PMPI_Irecv(to.buffer, to.count, to.type, to.source, to.tag, comm.handle, &request);
  if (rc != MPI_SUCCESS) return rc;
  const Depth depth;
  for (int flag = 0; !gate::pending();) {
    rc = PMPI_Test(&request, &flag, status);
    if (flag != 0 || rc != MPI_SUCCESS) return rc;
  }
  rc = wait_private("MPI_Recv", true, 1, &request, status, comm, to.source);
  return rc == MPI_ERR_IN_STATUS ? status->MPI_ERROR : rc;
}

int start_receive(CommInfo& comm, const Target& to, MPI_Request* request) {
  const int rc = PMPI_Irecv(to.buffer, to.count, to.type, to.source, to.tag, comm.handle, request);
  if (rc != MPI_SUCCESS) return rc;
  RequestInfo entry;
  entry.kind = RequestKind::kReceive;
  entry.comm = &comm;
  entry.peer = to.source;
  entry.tag = to.tag;
  entry.buffer = to.buffer;
  entry.count = to.count;
  entry.type = to.type;
  requests().add(*request, entry);
  return rc;
}

struct Outgoing {
  const void* buffer;
  int count;
  MPI_Datatype type;
  int dest;
  int tag;
};

// Starts the sending half, unless the run that this process resumes has done it.
int start_sending(const char* call, CommInfo& comm, const Outgoing& from, MPI_Request* request) {
  if (sent_half::skips(call, comm, from.dest, from.tag)) return MPI_SUCCESS;
  registry().count_sent(comm, from.dest);
  sync_sends::count(comm, from.dest, from.tag, 1);
  const int rc =
      PMPI_Isend(from.buffer, from.count, from.type, from.dest, from.tag, comm.handle, request);
  if (refused_arguments(rc)) {
    registry().uncount_sent(comm, from.dest);
    sync_sends::count(comm, from.dest, from.tag, -1);
  }
  return rc;
}

// Both halves as nonblocking calls; the receiving half may be served from a drained message. While
// it waits for its message the call can be made again: no cut stands with a message in flight, so
// its own has reached the receiver by then, and the log keeps it from being sent twice.
int send_receive(const char* call, CommInfo& comm, const Outgoing& from, const Target& to,
                 MPI_Status* status) {
  MPI_Request pair[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  MPI_Status answers[2];
  int drained_rc = MPI_SUCCESS;
  const bool drained =
      to.source != MPI_PROC_NULL && receive_drained(call, comm, to, &answers[0], &drained_rc);
  if (!drained) {
    const int rc =
        PMPI_Irecv(to.buffer, to.count, to.type, to.source, to.tag, comm.handle, &pair[0]);
    if (rc != MPI_SUCCESS) return rc;
  }
  int rc = start_sending(call, comm, from, &pair[1]);
  if (rc != MPI_SUCCESS) {
    if (pair[0] != MPI_REQUEST_NULL) {
      PMPI_Cancel(&pair[0]);
      PMPI_Wait(&pair[0], MPI_STATUS_IGNORE);
    }
    return rc;
  }
  const Depth depth;
  MPI_Status received;
  if (drained) {
    received = answers[0];
    rc = PMPI_Wait(&pair[1], MPI_STATUS_IGNORE);
    if (rc == MPI_SUCCESS) rc = drained_rc;
  } else {
    const sent_half::Scope log(call, comm, from.dest, from.tag);
    rc = wait_private(call, true, 2, pair, answers, comm, to.source);
    if (rc == MPI_ERR_IN_STATUS) {
      rc = answers[0].MPI_ERROR != MPI_SUCCESS ? answers[0].MPI_ERROR : answers[1].MPI_ERROR;
    }
    received = answers[0];
    registry().count_received(comm, received.MPI_SOURCE);
  }
  give_status(status, received);
  return rc;
}

}  // namespace

CHKPT_WRAPPER int MPI_Recv(void* buf, int count, MPI_Datatype type, int source, int tag,
                           MPI_Comm comm, MPI_Status* status) {
  CommInfo* info = followed("MPI_Recv", comm, source);
  if (info == nullptr) {
    return thread_traffic::receiving(comm, status, [&](MPI_Status* answer) {
      return PMPI_Recv(buf, count, type, source, tag, comm, answer);
    });
  }
  const Target to{buf, count, type, source, tag};
  int rc = MPI_SUCCESS;
  if (!receive_drained("MPI_Recv", *info, to, status, &rc)) {
    MPI_Status answer;
    answer.MPI_SOURCE = MPI_PROC_NULL;
    rc = receive(*info, to, &answer);
    if (!refused_arguments(rc)) registry().count_received(*info, answer.MPI_SOURCE);
    give_status(status, answer);
  }
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Irecv(void* buf, int count, MPI_Datatype type, int source, int tag,
                            MPI_Comm comm, MPI_Request* request) {
  CommInfo* info = followed("MPI_Irecv", comm, source);
  if (info == nullptr) {
    thread_calls::lose_count("MPI_Irecv", comm);
    const int rc = PMPI_Irecv(buf, count, type, source, tag, comm, request);
    return thread_traffic::given(rc, comm, request);
  }
  const Target to{buf, count, type, source, tag};
  MPI_Status answer;
  int rc = MPI_SUCCESS;
  if (receive_drained("MPI_Irecv", *info, to, &answer, &rc)) {
    answer.MPI_ERROR = rc;
    rc = make_completed_request(answer, request);
  } else {
    rc = start_receive(*info, to, request);
  }
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Sendrecv(const void* sendbuf, int sendcount, MPI_Datatype sendtype, int dest,
                               int sendtag, void* recvbuf, int recvcount, MPI_Datatype recvtype,
                               int source, int recvtag, MPI_Comm comm, MPI_Status* status) {
  CommInfo* info = outside("MPI_Sendrecv", comm) ? nullptr : registry().find(comm);
  if (info == nullptr) {
    thread_calls::lose_count("MPI_Sendrecv", comm);
    return PMPI_Sendrecv(sendbuf, sendcount, sendtype, dest, sendtag, recvbuf, recvcount, recvtype,
                         source, recvtag, comm, status);
  }
  const int rc = send_receive("MPI_Sendrecv", *info, {sendbuf, sendcount, sendtype, dest, sendtag},
                              {recvbuf, recvcount, recvtype, source, recvtag}, status);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Sendrecv_replace(void* buf, int count, MPI_Datatype type, int dest,
                                       int sendtag, int source, int recvtag, MPI_Comm comm,
                                       MPI_Status* status) {
  CommInfo* info = outside("MPI_Sendrecv_replace", comm) ? nullptr : registry().find(comm);
  int size = 0;
  if (info == nullptr || PMPI_Pack_size(count, type, comm, &size) != MPI_SUCCESS) {
    thread_calls::lose_count("MPI_Sendrecv_replace", comm);
    return PMPI_Sendrecv_replace(buf, count, type, dest, sendtag, source, recvtag, comm, status);
  }
  std::vector<char> packed(static_cast<std::size_t>(size) + 1);
  int used = 0;
  int rc = PMPI_Pack(buf, count, type, packed.data(), size, &used, comm);
  if (rc != MPI_SUCCESS) return rc;
  rc = send_receive("MPI_Sendrecv_replace", *info, {packed.data(), used, MPI_PACKED, dest, sendtag},
                    {buf, count, type, source, recvtag}, status);
  call_done();
  return rc;
}
