// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/requests.hpp"

#include <cstring>
#include <memory>
#include <vector>

#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

bool was_cancelled(const MPI_Status& status) {
  int flag = 0;
  return PMPI_Test_cancelled(&status, &flag) == MPI_SUCCESS && flag != 0;
}

bool has_effect(const RequestInfo& info) {
  if (info.kind == RequestKind::kCommIdup) return true;
  return info.comm != nullptr && (is_receive(info) || (is_send(info) && info.cancelling));
}

void take_effect(RequestInfo& info, const MPI_Status& status) {
  if (!has_effect(info)) return;
  if (info.kind == RequestKind::kCommIdup) {
    thread_calls::drop_freed();
    if (info.promised != nullptr) registry().fulfil(*info.promised, *info.new_comm);
    info.promised = nullptr;
  } else if (is_receive(info)) {
    if (!was_cancelled(status)) registry().count_received(*info.comm, status.MPI_SOURCE);
  } else if (was_cancelled(status)) {
    registry().uncount_sent(*info.comm, info.peer);
  }
}

void release_type(RequestInfo& info) {
  if (info.owns_type) PMPI_Type_free(&info.type);
  info.owns_type = false;
}

int answer_query(void* state, MPI_Status* status) {
  std::memcpy(status, state, sizeof *status);
  return status->MPI_ERROR;
}
int answer_free(void* state) {
  delete static_cast<MPI_Status*>(state);
  return MPI_SUCCESS;
}
int answer_cancel(void* /*state*/, int /*complete*/) { return MPI_SUCCESS; }

}  // namespace

Requests g_requests;

void Requests::add(MPI_Request request, const RequestInfo& info) {
  if (request == MPI_REQUEST_NULL) return;
  table_.insert(request, info).order = next_order_++;
}

void Requests::adopt(MPI_Request request, const RequestInfo& info) {
  if (info.order >= next_order_) next_order_ = info.order + 1;
  table_.insert(request, info);
}

void Requests::remove(MPI_Request request) {
  if (RequestInfo* info = table_.find(request)) {
    sync_sends::end(info->sync);
    release_type(*info);
  }
  table_.erase(request);
}

void Requests::started(RequestInfo& info) {
  info.active = true;
  info.counted = false;
  info.order = next_order_++;
}

void Requests::completed(MPI_Request old, MPI_Request* slot, const MPI_Status& status) {
  RequestInfo* info = table_.find(old);
  if (info == nullptr) return;
  if (info->active && !info->counted) take_effect(*info, status);
  if (is_persistent(*info)) {
    if (*slot == MPI_REQUEST_NULL) return remove(old);  // freed by the library: an error
    sync_sends::end(info->sync);
    info->sync = 0;
    info->active = false;
    info->counted = false;
    info->cancelling = false;
    return;
  }
  const MPI_Request persistent = info->persistent;
  sync_sends::end(info->sync);
  release_type(*info);
  table_.erase(old);
  if (persistent != MPI_REQUEST_NULL) *slot = persistent;
}

bool Requests::is_complete(MPI_Request request) {
  const RequestInfo* info = table_.find(request);
  if (info != nullptr && info->kind == RequestKind::kGeneralized) return info->counted;
  int flag = 0;
  // An error shows itself in the completing call.
  if (info != nullptr && info->sync != 0) return sync_sends::over(info->sync, request);
  return PMPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS || flag != 0;
}

void Requests::count_completed() {
  std::vector<MPI_Request> over;
  table_.for_each([&](MPI_Request request, RequestInfo& info) {
    if (!has_effect(info) || !info.active || info.counted) return;
    int flag = 0;
    MPI_Status status;
    if (PMPI_Request_get_status(request, &flag, &status) != MPI_SUCCESS || flag == 0) return;
    info.counted = true;
    take_effect(info, status);
    if (info.detached) over.push_back(request);
  });
  for (MPI_Request request : over) {
    remove(request);
    PMPI_Request_free(&request);
  }
}

void Requests::forget(const CommInfo& comm) {
  sync_sends::forget(comm);
  table_.for_each([&comm](MPI_Request, RequestInfo& info) {
    if (info.comm == &comm) info.comm = nullptr;
    if (info.promised == &comm) info.promised = nullptr;
  });
}

void Requests::keep_type(MPI_Datatype type) {
  table_.for_each([type](MPI_Request, RequestInfo& info) {
    if (info.type != type || info.owns_type) return;
    MPI_Datatype copy = MPI_DATATYPE_NULL;
    if (PMPI_Type_dup(type, &copy) != MPI_SUCCESS) return;
    info.type = copy;
    info.owns_type = true;
  });
}

std::size_t buffer_size(int count, MPI_Datatype type) {
  MPI_Count size = 0;
  check(PMPI_Type_size_x(type, &size), "MPI_Type_size_x");
  return static_cast<std::size_t>(size) * static_cast<std::size_t>(count);
}

bool is_cut_off(const RequestInfo& receive, const MPI_Status& status) {
  MPI_Count size = 0;
  check(PMPI_Get_elements_x(&status, MPI_BYTE, &size), "MPI_Get_elements_x");
  return size > 0 && static_cast<std::size_t>(size) > buffer_size(receive.count, receive.type);
}

int started_on(CommInfo& comm, int rc, MPI_Request* request) {
  if (rc != MPI_SUCCESS || keep_apart(request)) return rc;
  RequestInfo info;
  info.kind = RequestKind::kCollective;
  info.comm = &comm;
  requests().add(*request, info);
  return rc;
}

int make_completed_request(const MPI_Status& status, MPI_Request* request) {
  auto state = std::make_unique<MPI_Status>(status);
  const int rc =
      PMPI_Grequest_start(answer_query, answer_free, answer_cancel, state.get(), request);
  if (rc != MPI_SUCCESS) return rc;
  static_cast<void>(state.release());  // freed by answer_free
  RequestInfo info;
  info.kind = RequestKind::kCompleted;
  info.status = status;
  requests().add(*request, info);
  return PMPI_Grequest_complete(*request);
}

bool keep_apart(MPI_Request* request) {
  if (requests().find(*request) == nullptr) return false;
  int over = 0;
  MPI_Status status;
  MPI_Request shared = *request;
  if (PMPI_Test(&shared, &over, &status) != MPI_SUCCESS || over == 0) return false;
  status.MPI_ERROR = MPI_SUCCESS;  // calls that complete one request leave it alone
  return make_completed_request(status, request) == MPI_SUCCESS;
}

int complete_persistent(const MPI_Status& status, MPI_Request* request) {
  const MPI_Request persistent = *request;
  const int rc = make_completed_request(status, request);
  if (rc == MPI_SUCCESS) requests().find(*request)->persistent = persistent;
  return rc;
}

}  // namespace chkpt::mpi
