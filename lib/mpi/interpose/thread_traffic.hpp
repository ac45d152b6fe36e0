// SPDX-License-Identifier: BSD-3-Clause
// What the MPI calls of other threads than the main one have under way, and what they have done
// that the main thread's tables do not say yet (thread_calls.hpp enters it there). Thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/status.hpp"

namespace chkpt::mpi::thread_traffic {

struct Counts {
  std::uint64_t collectives = 0;
  std::map<int, std::uint64_t> sent, received;  // by rank in the communicator
};

// While a call of another thread runs.
class Call {
 public:
  Call();
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
};

void count_sent(MPI_Comm comm, int dest, int by);
void count_received(MPI_Comm comm, int source);
void count_collective(MPI_Comm comm, int by);

// A collective call of another thread.
class CollectiveCall {
 public:
  CollectiveCall(const char* call, MPI_Comm comm);
  int done(int rc) const;
  int started(int rc, const MPI_Request* request) const;  // of a nonblocking one

 private:
  Call call_;
  MPI_Comm comm_;
};

// A call that is not the main thread's, or not to be counted there: really(), which sends to
// `dest`.
template <class F>
int sending(MPI_Comm comm, int dest, F really) {
  if (!in_other_thread()) return really();
  const Call call;
  count_sent(comm, dest, 1);
  const int rc = really();
  if (refused_arguments(rc)) count_sent(comm, dest, -1);
  return rc;
}

// The same for really(MPI_Status*), which receives.
template <class F>
int receiving(MPI_Comm comm, MPI_Status* status, F really) {
  if (!in_other_thread()) return really(status);
  const Call call;
  MPI_Status answer;
  answer.MPI_SOURCE = MPI_PROC_NULL;
  const int rc = really(&answer);
  count_received(comm, answer.MPI_SOURCE);
  give_status(status, answer);
  return rc;
}

// A call of another thread has given it a request, or a matched message, that the main thread's
// tables do not know. Returns rc. Two names: in MPICH both types are int.
int given(int rc, MPI_Comm comm, const MPI_Request* request);
int given_message(int rc, MPI_Comm comm, const MPI_Message* message);

// While another thread's call with requests (or a message) runs: those that are not known from
// given() end snapshots, those that are complete afterwards are forgotten.
class Completing {
 public:
  Completing(const char* call, int n, MPI_Request* requests);
  Completing(const char* call, MPI_Message* message);
  ~Completing();
  Completing(const Completing&) = delete;
  Completing& operator=(const Completing&) = delete;

  MPI_Comm comm() const { return comm_; }  // of the message

 private:
  MPI_Request* requests_ = nullptr;
  MPI_Message* message_ = nullptr;
  std::vector<MPI_Request> old_requests_;
  MPI_Message old_message_ = MPI_MESSAGE_NULL;
  MPI_Comm comm_ = MPI_COMM_NULL;
};

// Of a request of another thread; MPI_COMM_NULL if it is not known.
MPI_Comm comm_of(MPI_Request request);

// Is a call in progress, a request incomplete or a message matched and not received?
bool under_way();
// What has been done on a communicator since it was last asked.
Counts take(MPI_Comm comm);
bool any_counts();
void forget(MPI_Comm comm);  // it is being freed

}  // namespace chkpt::mpi::thread_traffic
