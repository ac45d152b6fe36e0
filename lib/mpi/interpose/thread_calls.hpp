// SPDX-License-Identifier: BSD-3-Clause
// MPI calls of other threads than the main one (mpi4py.futures' manager). They are not counted as
// the main thread's are. What such a thread does on communicators that it has made itself needs no
// counting: while one of those lives snapshots are deferred, and what happened on it is gone with
// it. Only where it meets other ranks' main threads, in making and freeing a communicator, it moves
// the same clocks and gives the same names as a main thread would. A communicator of the main
// thread that another one has used defers snapshots in the same way until it is freed. Any other
// call of such a thread (on WORLD or SELF, on windows, files and requests of the main thread) ends
// snapshots for the rest of the run: the main thread's tables would not know of it.
// Thread safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <mpi.h>

namespace chkpt::mpi::thread_calls {

// A call of another thread on a communicator; false if snapshots cannot go on after it. Defers them
// until the communicator is freed.
bool may_use(const char* call, MPI_Comm comm);
// For any other of its calls.
void unfollowed(const char* call);

// A creating call of another thread. Moves the clocks of the parent and defers snapshots from its
// entry until the child is freed.
int create(const char* call, MPI_Comm parent, MPI_Comm* child, const std::function<int()>& really);
int create_group(MPI_Comm parent, MPI_Group group, int tag, MPI_Comm* child);
int create_inter(MPI_Comm local, int local_leader, MPI_Comm bridge, int remote_leader, int tag,
                 MPI_Comm* child);
// Before any communicator is freed: is it one that another thread has made, or only used? Not for
// either, end_of_one() has to follow when it is free.
enum class Touched { kNot, kUsed, kMade };
Touched forget(MPI_Comm comm);
void end_of_one();

// A call of another thread has given it a request, or a matched message, that the main thread's
// tables do not know. Returns rc. Two names: in MPICH both types are int.
int given(int rc, const MPI_Request* request);
int given_message(int rc, const MPI_Message* message);

// While another thread's call with requests (or a message) runs: those that are not known from
// given() end snapshots, those that are complete afterwards are forgotten.
class Completing {
 public:
  Completing(const char* call, int n, MPI_Request* requests);
  Completing(const char* call, MPI_Message* message);
  ~Completing();
  Completing(const Completing&) = delete;
  Completing& operator=(const Completing&) = delete;

 private:
  MPI_Request* requests_ = nullptr;
  MPI_Message* message_ = nullptr;
  std::vector<MPI_Request> old_requests_;
  MPI_Message old_message_ = MPI_MESSAGE_NULL;
};

}  // namespace chkpt::mpi::thread_calls
