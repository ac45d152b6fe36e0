// SPDX-License-Identifier: BSD-3-Clause
// The intra-call log: which half of a send-and-receive call is done. A rank that waits in the
// receiving half stands just before its CALL for a checkpoint; the resumed process makes the call
// again, and must not send again. So the checkpoint carries the log, and the first MPI_Isend,
// MPI_Sendrecv or relative that the resumed script calls (or MPI_Ssend) has to be the one in it: it
// only pretends to send.
//
// Why this is exact: nothing lies between a resumed CALL and the first MPI call of its method but
// mpi4py's own C code, working on the very objects it had before the cut. A sending call that
// is another one means that this does not hold, and the job is ended rather than continued with a
// message too many. The message itself is saved by its receiver (as received or as drained), for no
// cut stands while a channel's counters differ. Main thread only.
#pragma once

#include <optional>
#include <string>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

struct SentHalf {
  std::string call;  // "MPI_Sendrecv", "MPI_Isend", "MPI_Ssend"
  CommId comm;
  int dest = 0;
  int tag = 0;
  std::uint64_t sync = 0;  // MPI_Ssend: the receiver has yet to ask for it, see sync_sends.hpp
};

namespace sent_half {

// Around the receiving half of one call.
class Scope {
 public:
  Scope(const char* call, const CommInfo& comm, int dest, int tag, std::uint64_t sync = 0);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

// Every nonblocking send: mpi4py's sendrecv() is one, and then a receive.
struct LastSend {
  const CommInfo* comm = nullptr;
  int dest = 0;
  int tag = 0;
};
extern LastSend g_last_send;
// The rank is blocked in a method whose nonblocking send was this process's last one: that send
// belongs to the log until the blocked call goes on.
void claim_last_send();
void release_last_send();

// SentHalf::sync of the send that has been skipped.
std::uint64_t skipped_sync();

// What a checkpoint of this moment has to carry.
std::optional<SentHalf> pending();

// In the resumed process, before the script's first instruction.
void adopt(const SentHalf& half);
extern bool g_adopted;
bool skips_slow(const char* call, const CommInfo& comm, int dest, int tag);
// Asked by every sending call that may be logged: true, once, if its send was done before the
// resume.
inline bool skips(const char* call, const CommInfo& comm, int dest, int tag) {
  return __builtin_expect(g_adopted, 0) && skips_slow(call, comm, dest, tag);
}

}  // namespace sent_half
}  // namespace chkpt::mpi
