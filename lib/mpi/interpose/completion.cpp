// SPDX-License-Identifier: BSD-3-Clause
// Wait and Test in all their forms. A wait is a test loop, so that the rank can take part in a cut.
#include <vector>

#include "mpi/interpose/status.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

// The library overwrites handles and may be told to ignore statuses: both are needed afterwards.
// Scratch of one call at a time: the main thread is never inside two of these wrappers at once.
struct Batch {
  std::vector<MPI_Request> old;
  std::vector<MPI_Status> own;
  MPI_Status* statuses = nullptr;

  Batch& begin(int n, const MPI_Request requests[], MPI_Status wanted[]) {
    old.assign(requests, requests + n);
    const bool ignored = wanted == MPI_STATUSES_IGNORE;
    if (ignored && own.size() < old.size()) own.resize(old.size());
    statuses = ignored ? own.data() : wanted;
    return *this;
  }
  void all_completed(MPI_Request requests[]) {
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i] != MPI_REQUEST_NULL) {
        chkpt::mpi::requests().completed(old[i], &requests[i], statuses[i]);
      }
    }
  }
  void some_completed(int count, const int indices[], MPI_Request requests[]) {
    for (int k = 0; k < count; ++k) {
      const auto i = static_cast<std::size_t>(indices[k]);
      chkpt::mpi::requests().completed(old[i], &requests[i], statuses[k]);
    }
  }
};
Batch& batch() {
  static Batch instance;
  return instance;
}

// The requests without those that have to look incomplete.
class Visible {
 public:
  Visible(int n, MPI_Request requests[]) : all_(requests) {
    if (!sync_sends::withholds(n, requests)) return;
    shown_.assign(requests, requests + n);
    for (int i = 0; i < n; ++i) {
      if (sync_sends::withholds(1, &requests[i]))
        shown_[static_cast<std::size_t>(i)] = MPI_REQUEST_NULL;
    }
    given_ = shown_;
  }
  ~Visible() { give_back(); }
  Visible(const Visible&) = delete;
  Visible& operator=(const Visible&) = delete;

  MPI_Request* requests() { return shown_.empty() ? all_ : shown_.data(); }
  bool less() const { return !shown_.empty(); }
  // The handles that the library has changed.
  void give_back() {
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (shown_[i] != given_[i]) all_[i] = given_[i] = shown_[i];
    }
  }

 private:
  MPI_Request* all_;
  std::vector<MPI_Request> shown_, given_;
};

// After an error some requests may be complete all the same: their handle is gone.
void completed_despite_error(Batch& done, MPI_Request requests[]) {
  for (std::size_t i = 0; i < done.old.size(); ++i) {
    if (done.old[i] != MPI_REQUEST_NULL && requests[i] == MPI_REQUEST_NULL) {
      chkpt::mpi::requests().completed(done.old[i], &requests[i], done.statuses[i]);
    }
  }
}

}  // namespace

CHKPT_WRAPPER int MPI_Wait(MPI_Request* request, MPI_Status* status) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Wait", 1, request);
    return PMPI_Wait(request, status);
  }
  const MPI_Request old = *request;
  MPI_Status answer;
  int rc = MPI_SUCCESS;
  {
    const Depth depth;
    BlockedScope scope("MPI_Wait", true);
    for (int flag = 0; flag == 0 && rc == MPI_SUCCESS;) {
      if (gate::pending()) wait_while_pending(scope, Until::kAll, 1, request);
      if (sync_sends::withholds(1, request)) continue;
      rc = PMPI_Test(request, &flag, &answer);
    }
  }
  if (rc == MPI_SUCCESS || *request == MPI_REQUEST_NULL) {
    requests().completed(old, request, answer);
    give_status(status, answer);
  }
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Test(MPI_Request* request, int* flag, MPI_Status* status) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Test", 1, request);
    return PMPI_Test(request, flag, status);
  }
  const Depth depth;
  const MPI_Request old = *request;
  *flag = 0;
  if (sync_sends::answers_not_yet(1, request)) return MPI_SUCCESS;
  MPI_Status answer;
  const int rc = PMPI_Test(request, flag, &answer);
  if (*flag != 0 || (rc != MPI_SUCCESS && *request == MPI_REQUEST_NULL)) {
    requests().completed(old, request, answer);
    give_status(status, answer);
    call_done();
  } else if (gate::pending()) {
    report_poll(1, &old);
  }
  return rc;
}

CHKPT_WRAPPER int MPI_Waitall(int n, MPI_Request requests[], MPI_Status statuses[]) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Waitall", n, requests);
    return PMPI_Waitall(n, requests, statuses);
  }
  Batch& work = batch().begin(n, requests, statuses);
  int rc = MPI_SUCCESS;
  {
    const Depth depth;
    BlockedScope scope("MPI_Waitall", true);
    for (int flag = 0; flag == 0 && rc == MPI_SUCCESS;) {
      if (gate::pending()) wait_while_pending(scope, Until::kAll, n, requests);
      if (sync_sends::withholds(n, requests)) continue;
      rc = PMPI_Testall(n, requests, &flag, work.statuses);
    }
  }
  if (rc == MPI_SUCCESS) {
    work.all_completed(requests);
  } else {
    completed_despite_error(work, requests);
  }
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Testall(int n, MPI_Request requests[], int* flag, MPI_Status statuses[]) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Testall", n, requests);
    return PMPI_Testall(n, requests, flag, statuses);
  }
  const Depth depth;
  *flag = 0;
  if (sync_sends::answers_not_yet(n, requests)) return MPI_SUCCESS;
  Batch& work = batch().begin(n, requests, statuses);
  const int rc = PMPI_Testall(n, requests, flag, work.statuses);
  if (rc != MPI_SUCCESS) {
    completed_despite_error(work, requests);
  } else if (*flag != 0) {
    work.all_completed(requests);
    call_done();
  } else if (gate::pending()) {
    report_poll(n, requests);
  }
  return rc;
}

CHKPT_WRAPPER int MPI_Waitany(int n, MPI_Request requests[], int* index, MPI_Status* status) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Waitany", n, requests);
    return PMPI_Waitany(n, requests, index, status);
  }
  Batch& work = batch().begin(n, requests, MPI_STATUSES_IGNORE);
  MPI_Status answer;
  int rc = MPI_SUCCESS;
  {
    const Depth depth;
    BlockedScope scope("MPI_Waitany", true);
    for (int flag = 0; flag == 0 && rc == MPI_SUCCESS;) {
      if (gate::pending()) wait_while_pending(scope, Until::kAny, n, requests);
      Visible view(n, requests);
      rc = PMPI_Testany(n, view.requests(), index, &flag, &answer);
      if (*index == MPI_UNDEFINED && view.less()) flag = 0;
    }
  }
  if (*index != MPI_UNDEFINED && *index >= 0 && *index < n) {
    const auto i = static_cast<std::size_t>(*index);
    chkpt::mpi::requests().completed(work.old[i], &requests[*index], answer);
  }
  give_status(status, answer);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Testany(int n, MPI_Request requests[], int* index, int* flag,
                              MPI_Status* status) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Testany", n, requests);
    return PMPI_Testany(n, requests, index, flag, status);
  }
  const Depth depth;
  Batch& work = batch().begin(n, requests, MPI_STATUSES_IGNORE);
  MPI_Status answer;
  sync_sends::answers_not_yet(n, requests);
  Visible view(n, requests);
  const int rc = PMPI_Testany(n, view.requests(), index, flag, &answer);
  view.give_back();
  if (*index == MPI_UNDEFINED && view.less()) *flag = 0;
  if (*flag != 0) {
    if (*index != MPI_UNDEFINED) {
      const auto i = static_cast<std::size_t>(*index);
      chkpt::mpi::requests().completed(work.old[i], &requests[*index], answer);
    }
    give_status(status, answer);
    call_done();
  } else if (gate::pending()) {
    report_poll(n, requests);
  }
  return rc;
}

CHKPT_WRAPPER int MPI_Waitsome(int n, MPI_Request requests[], int* count, int indices[],
                               MPI_Status statuses[]) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Waitsome", n, requests);
    return PMPI_Waitsome(n, requests, count, indices, statuses);
  }
  Batch& work = batch().begin(n, requests, statuses);
  int rc = MPI_SUCCESS;
  {
    const Depth depth;
    BlockedScope scope("MPI_Waitsome", true);
    do {
      if (gate::pending()) wait_while_pending(scope, Until::kAny, n, requests);
      Visible view(n, requests);
      rc = PMPI_Testsome(n, view.requests(), count, indices, work.statuses);
      if (*count == MPI_UNDEFINED && view.less()) *count = 0;
    } while (rc == MPI_SUCCESS && *count == 0);
  }
  if (*count != MPI_UNDEFINED) work.some_completed(*count, indices, requests);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Testsome(int n, MPI_Request requests[], int* count, int indices[],
                               MPI_Status statuses[]) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Testsome", n, requests);
    return PMPI_Testsome(n, requests, count, indices, statuses);
  }
  const Depth depth;
  Batch& work = batch().begin(n, requests, statuses);
  sync_sends::answers_not_yet(n, requests);
  Visible view(n, requests);
  const int rc = PMPI_Testsome(n, view.requests(), count, indices, work.statuses);
  view.give_back();
  if (*count == MPI_UNDEFINED && view.less()) *count = 0;
  if (*count == 0) {
    if (gate::pending()) report_poll(n, requests);
  } else if (*count != MPI_UNDEFINED) {
    work.some_completed(*count, indices, requests);
    call_done();
  }
  return rc;
}

CHKPT_WRAPPER int MPI_Request_get_status(MPI_Request request, int* flag, MPI_Status* status) {
  if (not_counted()) {
    const thread_traffic::Completing completing("MPI_Request_get_status", 1, &request);
    return PMPI_Request_get_status(request, flag, status);
  }
  const Depth depth;
  *flag = 0;
  if (sync_sends::answers_not_yet(1, &request)) return MPI_SUCCESS;
  const int rc = PMPI_Request_get_status(request, flag, status);
  if (rc == MPI_SUCCESS && *flag == 0 && gate::pending()) report_poll(1, &request);
  return rc;
}
