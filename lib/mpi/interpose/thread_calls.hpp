// SPDX-License-Identifier: BSD-3-Clause
// MPI calls of other threads than the main one (mpi4py.futures' manager). The main thread's tables
// are not theirs to change: what such a thread does on a communicator is counted apart
// (thread_traffic.hpp) and entered by the main thread at a moment when nothing of it is under way.
// Until then the rank does not stand, and the other members run on. Only where the thread meets
// other ranks' main threads, in making and freeing a communicator, it moves the same clocks and
// gives the same names as a main thread would.
//
// No cut takes messages out of such a communicator, for the thread asks the library alone. Calls
// that cannot be counted defer snapshots until the communicator is freed; so does a main thread
// that sends and receives on it as well. Any other call (on WORLD or SELF, on windows, files and
// requests of the main thread) ends snapshots for the rest of the run.
// Thread safe, but for what is said to be the main thread's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::thread_calls {

// A call of another thread on a communicator; false if snapshots cannot go on after it.
bool may_use(const char* call, MPI_Comm comm);
// The same call is one of those that are not counted.
void lose_count(const char* call, MPI_Comm comm);
// For any other of its calls.
void unfollowed(const char* call);

// A creating call of another thread. Moves the clocks of the parent.
int create(const char* call, MPI_Comm parent, MPI_Comm* child, const std::function<int()>& really);
int create_group(MPI_Comm parent, MPI_Group group, int tag, MPI_Comm* child);
int create_inter(MPI_Comm local, int local_leader, MPI_Comm bridge, int remote_leader, int tag,
                 MPI_Comm* child);
// Before any communicator is freed, by the thread that frees it: whether the main thread's tables
// know nothing of it (kMade), will forget it when the main thread looks (kLeft), or are to be
// changed by the caller as if no other thread had used it.
enum class Freed { kNot, kMade, kLeft };
Freed forget(MPI_Comm comm);

// Whether the cut must leave the messages on a communicator alone.
bool uses(MPI_Comm comm);
// Whether a thread has something under way, so that this rank may not stand.
bool busy();
// The last call of such a thread, for messages.
const char* last_call();
// Communicators that they use: the other members have to run on while busy().
std::vector<CommId> used();

// Main thread, while it stands or waits: looks for messages that the cut must leave alone.
void look_for_messages();
// Whether the cut in progress has waited for one of those for long: it will not stand before a
// thread has received it. Any thread.
bool message_waits();
void begin_cut();

// Main thread: enters in its tables what other threads have done, unless busy().
void settle();
// Main thread: forgets what they have freed, before the library gives a handle again.
void drop_freed();
// Whether anything has happened since settle().
bool unsettled();

}  // namespace chkpt::mpi::thread_calls
