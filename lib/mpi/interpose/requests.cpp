// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/requests.hpp"

#include <cstring>
#include <memory>

#include "mpi/interpose/deferrals.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

bool was_cancelled(const MPI_Status& status) {
  int flag = 0;
  return PMPI_Test_cancelled(&status, &flag) == MPI_SUCCESS && flag != 0;
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
  if (RequestInfo* info = table_.find(request)) release_type(*info);
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
  if (is_receive(*info) && info->comm != nullptr && info->active && !info->counted &&
      !was_cancelled(status)) {
    registry().count_received(*info->comm, status.MPI_SOURCE);
  }
  if (is_persistent(*info)) {
    info->active = false;
    info->counted = false;
    return;
  }
  if (info->kind == RequestKind::kCommIdup && info->comm != nullptr) {
    registry().add_child(*info->comm, info->number, *info->new_comm);
    deferrals::remove(deferrals::Kind::kIdup);
  }
  const MPI_Request persistent = info->persistent;
  release_type(*info);
  table_.erase(old);
  if (persistent != MPI_REQUEST_NULL) *slot = persistent;
}

void Requests::count_completed_receives() {
  table_.for_each([](MPI_Request request, RequestInfo& info) {
    if (!is_receive(info) || info.comm == nullptr || !info.active || info.counted) return;
    int flag = 0;
    MPI_Status status;
    if (PMPI_Request_get_status(request, &flag, &status) != MPI_SUCCESS || flag == 0) return;
    info.counted = true;
    if (!was_cancelled(status)) registry().count_received(*info.comm, status.MPI_SOURCE);
  });
}

void Requests::forget(const CommInfo& comm) {
  table_.for_each([&comm](MPI_Request, RequestInfo& info) {
    if (info.comm == &comm) info.comm = nullptr;
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

int complete_persistent(const MPI_Status& status, MPI_Request* request) {
  const MPI_Request persistent = *request;
  const int rc = make_completed_request(status, request);
  if (rc == MPI_SUCCESS) requests().find(*request)->persistent = persistent;
  return rc;
}

}  // namespace chkpt::mpi
