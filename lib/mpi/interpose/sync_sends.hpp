// SPDX-License-Identifier: BSD-3-Clause
// Synchronous sends (MPI_Issend, MPI_Ssend, MPI_Ssend_init) complete when the receiver has asked
// for the message, not when a cut has taken it out of the library. So ranks tell each other, at
// every cut, which of these messages wait here as drained ones: such a send is withheld from its
// script until the receiver acknowledges that its script has received it, on a private
// communicator.
//
// A message is named by how many with the same tag have been sent on the channel after it: messages
// of one tag are received in their order, so the last ones are those that wait. While a cut is
// pending a rank does not ask why a send has become complete, and waits for the cut. If it has to
// run on before, it goes by what receivers tell (drained_notices.hpp); and while it waits for such
// a send then, the receiver is asked to run on until its script has got the message.
// Main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::sync_sends {

struct SyncSend {
  using Clock = std::chrono::steady_clock;
  std::uint64_t id = 0;      // unique within the run and the sending rank
  CommInfo* comm = nullptr;  // null once freed
  int dest = 0;              // rank in comm
  int tag = 0;
  std::uint64_t later = 0;           // messages with this tag sent on the channel since
  bool held = false;                 // waits at the receiver as a drained message
  Clock::time_point in_doubt_since;  // its receiver's words leave open whether it waits
  // In a resumed process: an incomplete generalized request in the place of the send.
  MPI_Request stand_in = MPI_REQUEST_NULL;
};

extern std::size_t g_live;
void count_slow(const CommInfo& comm, int dest, int tag, int by);
// Every message that is sent (1), or was not (-1).
inline void count(const CommInfo& comm, int dest, int tag, int by) {
  if (__builtin_expect(g_live != 0, 0)) count_slow(comm, dest, tag, by);
}

// A synchronous send has been started; its id.
std::uint64_t begin(CommInfo& comm, int dest, int tag);
// The script has seen it complete, or has given it up.
void end(std::uint64_t id);
void forget(const CommInfo& comm);  // it is being freed

// Whether the send with this id may look complete: it is, and not only because a cut has taken its
// message. Takes in acknowledgements. request: MPI_REQUEST_NULL if the library is done with it.
bool over(std::uint64_t id, MPI_Request request);
// One of n requests is a synchronous send that is not.
bool withholds_slow(int n, const MPI_Request requests[]);
inline bool withholds(int n, const MPI_Request requests[]) {
  return __builtin_expect(g_live != 0, 0) && withholds_slow(n, requests);
}
// The same for a call that only tests; lets the rank stop while a cut is pending.
bool answers_not_yet(int n, const MPI_Request requests[]);
// The rank has to run on though a cut is pending: only what is known to wait at its receiver is
// incomplete, until the next wait.
void run_on(bool on);

// What the receiver's script has to get first, if the send is known to wait for that.
struct Awaited {
  const CommInfo* comm = nullptr;
  int dest = 0;
  int tag = 0;
  std::uint64_t later = 0;
};
std::optional<Awaited> awaited(std::uint64_t id);

// The receiver's script has got a drained message; somebody may wait for that.
void acknowledge(const Drained& message);
// What has come from receivers, and senders that want to hear of drained messages.
void take_in_notices();

// ---- at a cut, between all ranks

struct Entry {  // one send, as its receiver is asked about it
  std::string comm;
  int tag = 0;
  std::uint64_t later = 0;
  std::uint64_t id = 0;
};
// By the world rank of the receiver.
std::map<int, std::vector<Entry>> entries();
// At the receiver: whether the message waits here; if so, its reception will be acknowledged.
bool waits_here(const Entry& entry, int from_world_rank);
void settle(std::uint64_t id, bool held);

// ---- in a checkpoint

struct Saved {
  CommId comm;
  std::uint64_t id = 0;
  int dest = 0;
  int tag = 0;
  std::uint64_t later = 0;
};
std::vector<Saved> saved();  // those that are held
bool is_held(std::uint64_t id);
std::uint64_t next_id();
void adopt(const std::vector<Saved>& list, std::uint64_t next);
// A request that is complete once the send is; then a persistent one takes its place again.
int make_stand_in(std::uint64_t id, MPI_Request* request,
                  MPI_Request persistent = MPI_REQUEST_NULL);

}  // namespace chkpt::mpi::sync_sends
