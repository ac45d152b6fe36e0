// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/sent_half.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::sent_half {
namespace {

// Calls without a pointer to the log's text: a Scope is entered by every MPI_Sendrecv.
struct Half {
  const char* call = nullptr;
  const CommInfo* comm = nullptr;
  int dest = 0;
  int tag = 0;
  std::uint64_t sync = 0;
};
Half g_current;
bool g_claimed = false;
SentHalf g_adopted_half;

SentHalf written(const Half& half) {
  const std::uint64_t sync = sync_sends::is_held(half.sync) ? half.sync : 0;
  return {half.call, half.comm->id, half.dest, half.tag, sync};
}

std::string text_of(const std::string& call, const CommId& comm, int dest, int tag) {
  return call + " to rank " + std::to_string(dest) + " with tag " + std::to_string(tag) +
         " on communicator " + comm;
}

}  // namespace

LastSend g_last_send;
bool g_adopted = false;

Scope::Scope(const char* call, const CommInfo& comm, int dest, int tag, std::uint64_t sync) {
  g_current = {call, &comm, dest, tag, sync};
}
Scope::~Scope() { g_current.comm = nullptr; }

void claim_last_send() { g_claimed = g_last_send.comm != nullptr; }
void release_last_send() { g_claimed = false; }

std::optional<SentHalf> pending() {
  if (g_current.comm != nullptr) return written(g_current);
  if (g_claimed) {
    return written({"MPI_Isend", g_last_send.comm, g_last_send.dest, g_last_send.tag, 0});
  }
  if (g_adopted) return g_adopted_half;
  return std::nullopt;
}

std::uint64_t skipped_sync() { return g_adopted_half.sync; }

void adopt(const SentHalf& half) {
  g_adopted_half = half;
  g_adopted = true;
}

bool skips_slow(const char* call, const CommInfo& comm, int dest, int tag) {
  g_adopted = false;
  const SentHalf& due = g_adopted_half;
  if (due.call == call && due.comm == comm.id && due.dest == dest && due.tag == tag) return true;
  log::error("the resumed script should go on inside " +
             text_of(due.call, due.comm, due.dest, due.tag) + ", but it calls " +
             text_of(call, comm.id, dest, tag) + "; ending the job");
  session::abort(kExitCannotResume);
}

}  // namespace chkpt::mpi::sent_half
