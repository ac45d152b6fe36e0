// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/thread_traffic.hpp"

#include <cstring>
#include <mutex>

#include "mpi/interpose/thread_calls.hpp"

namespace chkpt::mpi::thread_traffic {
namespace {

// Never destroyed: a thread of the script may outlive the main thread's exit().
struct State {
  std::mutex mutex;
  int calls = 0;
  std::multimap<MPI_Request, MPI_Comm> requests;  // MPICH gives one handle to several that are over
  std::map<MPI_Message, MPI_Comm> messages;
  std::map<MPI_Comm, Counts> counts;
};
State& state() {
  static State& instance = *new State;
  return instance;
}
using Lock = std::lock_guard<std::mutex>;

template <class Map>
void erase_of(Map& map, MPI_Comm comm) {
  for (auto it = map.begin(); it != map.end();) {
    it = it->second == comm ? map.erase(it) : std::next(it);
  }
}

}  // namespace

Call::Call() {
  const Lock lock(state().mutex);
  ++state().calls;
}

Call::~Call() {
  const Lock lock(state().mutex);
  --state().calls;
}

void count_sent(MPI_Comm comm, int dest, int by) {
  if (dest < 0) return;
  const Lock lock(state().mutex);
  state().counts[comm].sent[dest] += static_cast<std::uint64_t>(by);
}

void count_received(MPI_Comm comm, int source) {
  if (source < 0) return;
  const Lock lock(state().mutex);
  ++state().counts[comm].received[source];
}

void count_collective(MPI_Comm comm, int by) {
  const Lock lock(state().mutex);
  state().counts[comm].collectives += static_cast<std::uint64_t>(by);
}

// What a file has of its own is in the main thread's tables.
CollectiveCall::CollectiveCall(const char* call, MPI_Comm comm) : comm_(comm) {
  if (std::strncmp(call, "MPI_File", 8) == 0) thread_calls::lose_count(call, comm);
  count_collective(comm, 1);
}

int CollectiveCall::done(int rc) const {
  if (refused_arguments(rc)) count_collective(comm_, -1);
  return rc;
}

int CollectiveCall::started(int rc, const MPI_Request* request) const {
  return given(done(rc), comm_, request);
}

int given(int rc, MPI_Comm comm, const MPI_Request* request) {
  if (rc == MPI_SUCCESS && in_other_thread() && *request != MPI_REQUEST_NULL) {
    const Lock lock(state().mutex);
    state().requests.emplace(*request, comm);
  }
  return rc;
}

int given_message(int rc, MPI_Comm comm, const MPI_Message* message) {
  if (rc == MPI_SUCCESS && in_other_thread() && *message != MPI_MESSAGE_NULL &&
      *message != MPI_MESSAGE_NO_PROC) {
    const Lock lock(state().mutex);
    state().messages[*message] = comm;
  }
  return rc;
}

Completing::Completing(const char* call, int n, MPI_Request* requests) {
  if (!in_other_thread()) return;
  requests_ = requests;
  old_requests_.assign(requests, requests + n);
  const Lock lock(state().mutex);
  ++state().calls;
  for (const MPI_Request request : old_requests_) {
    if (request != MPI_REQUEST_NULL && state().requests.count(request) == 0) {
      thread_calls::unfollowed(call);
    }
  }
}

Completing::Completing(const char* call, MPI_Message* message) {
  if (!in_other_thread()) return;
  message_ = message;
  old_message_ = *message;
  const Lock lock(state().mutex);
  ++state().calls;
  if (old_message_ == MPI_MESSAGE_NULL || old_message_ == MPI_MESSAGE_NO_PROC) return;
  const auto found = state().messages.find(old_message_);
  if (found == state().messages.end()) {
    thread_calls::unfollowed(call);
  } else {
    comm_ = found->second;
  }
}

Completing::~Completing() {
  if (requests_ == nullptr && message_ == nullptr) return;
  const Lock lock(state().mutex);
  --state().calls;
  for (std::size_t i = 0; i < old_requests_.size(); ++i) {
    if (requests_[i] != MPI_REQUEST_NULL) continue;
    const auto found = state().requests.find(old_requests_[i]);
    if (found != state().requests.end()) state().requests.erase(found);
  }
  if (message_ != nullptr && *message_ == MPI_MESSAGE_NULL) state().messages.erase(old_message_);
}

MPI_Comm comm_of(MPI_Request request) {
  const Lock lock(state().mutex);
  const auto found = state().requests.find(request);
  return found == state().requests.end() ? MPI_COMM_NULL : found->second;
}

bool under_way() {
  const Lock lock(state().mutex);
  return state().calls > 0 || !state().requests.empty() || !state().messages.empty();
}

Counts take(MPI_Comm comm) {
  const Lock lock(state().mutex);
  Counts counts = std::move(state().counts[comm]);
  state().counts.erase(comm);
  return counts;
}

bool any_counts() {
  const Lock lock(state().mutex);
  return !state().counts.empty();
}

void forget(MPI_Comm comm) {
  const Lock lock(state().mutex);
  erase_of(state().requests, comm);
  erase_of(state().messages, comm);
  state().counts.erase(comm);
}

}  // namespace chkpt::mpi::thread_traffic
