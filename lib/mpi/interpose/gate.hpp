// SPDX-License-Identifier: BSD-3-Clause
// Where the wrappers meet the cut. While nothing is pending a wrapper reads one flag and goes on.
// While a cut is pending it reports here what the main thread waits for, and may be held here.
// t_depth > 0 means: call the library directly, because the session is not active, because we are
// inside another wrapper (ROMIO calls MPI_* itself, a user's Op runs Python inside a collective),
// or because this is not the main thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

// A waiting rank needs one more message on the channel from `source` (rank in comm, or
// MPI_ANY_SOURCE) than the `have` it has received. Or, if `awaited` (the id of a synchronous send)
// is not 0, the script there has to get drained messages of this rank with `tag` until no more than
// `have` of them are left.
struct Need {
  const CommInfo* comm = nullptr;
  int source = MPI_ANY_SOURCE;
  std::uint64_t have = 0;
  std::uint64_t awaited = 0;
  int tag = 0;
};

struct BlockedCall {
  const char* call = "";  // "MPI_Recv"
  // The call has had no effect yet, or none that the intra-call log (sent_half.hpp) does not keep
  // from being repeated: it could be made again.
  bool nothing_done = false;
  // It carries a single number: what mpi4py's pickled methods say before they send the data.
  bool one_number = false;
  const std::vector<Need>* needs = nullptr;
};

// Implemented by the agent. All on the main thread.
class GateKeeper {
 public:
  virtual ~GateKeeper() = default;
  // One round of waiting inside a blocked call: drains, sleeps a little, may hold for a whole cut.
  // False when the rank may not stay there: it cannot be restarted, or a target lies behind.
  virtual bool blocked(const BlockedCall& call) = 0;
  // A collective call that this rank has not entered yet: holds until the cut is over or this rank
  // has to run on. See collective_gate.hpp.
  virtual void before_collective(const BlockedCall& call) = 0;
  // A collective call is over. Finds out whether it has held up a cut.
  virtual void left_collective(CommInfo& comm) = 0;
  // The blocked call can go on; holds while a cut is standing.
  virtual void unblocked() = 0;
  // A Test or Iprobe that found nothing: a polling loop is a wait too. True if the rank may stop.
  virtual bool polled(const std::vector<Need>& needs) = 0;
  // A clock or counter has moved.
  virtual void advanced() = 0;
  // An MPI call is over: stop at the next boundary.
  virtual void call_done() = 0;
  // For messages: the script's line that makes this MPI call, "at halo.py:31 in main".
  virtual std::string line() = 0;
};

namespace gate {

extern std::atomic<bool> g_pending;
inline bool pending() { return __builtin_expect(g_pending.load(std::memory_order_relaxed), 0); }
void set_keeper(GateKeeper* keeper);  // null when the agent stops
GateKeeper* keeper();

}  // namespace gate

// The native call the main thread is inside, or null: it waits for other ranks there. Any thread
// reads.
extern std::atomic<const char*> g_native_call;

extern __thread int t_depth;
// The wrappers' first question. Notes calls of other threads, which are never counted.
bool outside_slow(const char* call);
inline bool outside(const char* call) {
  return __builtin_expect(t_depth != 0, 0) && outside_slow(call);
}
// The same for a call on a communicator: another thread's on one of its own is no matter.
bool outside_slow(const char* call, MPI_Comm comm);
inline bool outside(const char* call, MPI_Comm comm) {
  return __builtin_expect(t_depth != 0, 0) && outside_slow(call, comm);
}
// The same where it is noted elsewhere what another thread does.
inline bool not_counted() { return __builtin_expect(t_depth != 0, 0); }
// Makes this thread the one whose calls count; the session calls it.
void enter_main_thread();
void leave_main_thread();
bool on_main_thread();
// While MPI is followed: is this another thread of the script?
bool in_other_thread();

class Depth {
 public:
  Depth() { ++t_depth; }
  ~Depth() { --t_depth; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
};

// Around a native call that may wait for other ranks.
class NativeCall {
 public:
  explicit NativeCall(const char* call) { g_native_call.store(call, std::memory_order_relaxed); }
  ~NativeCall() { g_native_call.store(nullptr, std::memory_order_relaxed); }
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;

 private:
  Depth depth_;
};

// The last statement of a counted wrapper.
inline void call_done() {
  if (gate::pending()) {
    if (GateKeeper* keeper = gate::keeper()) keeper->call_done();
  }
}
inline void clock_advanced() {
  if (gate::pending()) {
    if (GateKeeper* keeper = gate::keeper()) keeper->advanced();
  }
}

// True when the error was found before anything was exchanged, so that a count made at the entry
// must be taken back.
bool error_refuses_arguments(int rc);
inline bool refused_arguments(int rc) {
  return __builtin_expect(rc != MPI_SUCCESS, 0) && error_refuses_arguments(rc);
}

}  // namespace chkpt::mpi
