// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/sync_sends.hpp"

#include <cstring>
#include <map>

#include "base/error.hpp"
#include "mpi/interpose/drained_notices.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::sync_sends {

std::size_t g_live = 0;

namespace {

std::uint64_t g_next_id = 1;
bool g_running_on = false;

std::map<std::uint64_t, SyncSend>& live() {
  static auto* table = new std::map<std::uint64_t, SyncSend>;
  return *table;
}

SyncSend* find(std::uint64_t id) {
  const auto it = live().find(id);
  return it == live().end() ? nullptr : &it->second;
}

void release(SyncSend& send) {
  send.held = false;
  if (send.stand_in != MPI_REQUEST_NULL) PMPI_Grequest_complete(send.stand_in);
  send.stand_in = MPI_REQUEST_NULL;
}

void take_in() {
  // An acknowledgement from before a cut may come late: the cut has settled it.
  drained_notices::take_in([](std::uint64_t id) {
    if (SyncSend* send = find(id)) release(*send);
  });
}

bool is_to_itself(const SyncSend& send) {
  return send.comm->members[static_cast<std::size_t>(send.dest)] == session::rank();
}

// To itself a rank sends and receives in one thread: it knows at any time whether the message
// waits. (Of a message still on its way from here to here with the same tag it may be the later one
// that waits: until it has arrived the send looks incomplete too.)
bool waits_in_own_queue(const SyncSend& send) {
  const auto dest = static_cast<std::size_t>(send.dest);
  const bool all_here = send.comm->received[dest] == send.comm->sent[dest];
  const auto waiting = drained_notices::waiting(*send.comm, send.dest, send.tag).size();
  return waiting > (all_here ? send.later : 0);
}

// Long enough for the receiver to say more, if it is where it can.
constexpr auto kDoubt = std::chrono::milliseconds(100);

// By what its receiver has said. In doubt it is taken for waiting, but not for ever: the receiver
// may be inside a call that waits for this rank.
bool waits_at_receiver(SyncSend& send) {
  using drained_notices::Verdict;
  const Verdict verdict = drained_notices::verdict(*send.comm, send.dest, send.tag, send.later);
  if (verdict != Verdict::kUnclear) {
    send.in_doubt_since = {};
    return verdict == Verdict::kWaits;
  }
  const auto now = SyncSend::Clock::now();
  if (send.in_doubt_since == SyncSend::Clock::time_point{}) send.in_doubt_since = now;
  return now - send.in_doubt_since < kDoubt;
}

// Its message waits for the receiver's script.
bool known_to_wait(SyncSend& send) {
  if (send.held) return true;
  if (send.comm == nullptr) return false;
  return is_to_itself(send) ? waits_in_own_queue(send) : waits_at_receiver(send);
}

bool looks_incomplete(SyncSend& send) {
  if (known_to_wait(send)) return true;
  if (send.comm == nullptr || is_to_itself(send)) return false;
  return gate::pending() && !g_running_on;
}

int answer_query(void* /*state*/, MPI_Status* status) {
  std::memset(status, 0, sizeof *status);
  return MPI_SUCCESS;
}
int answer_free(void* /*state*/) { return MPI_SUCCESS; }
int answer_cancel(void* /*state*/, int /*complete*/) { return MPI_SUCCESS; }

}  // namespace

void count_slow(const CommInfo& comm, int dest, int tag, int by) {
  for (auto& entry : live()) {
    SyncSend& send = entry.second;
    if (send.comm == &comm && send.dest == dest && send.tag == tag) {
      send.later += static_cast<std::uint64_t>(by);
    }
  }
}

std::uint64_t begin(CommInfo& comm, int dest, int tag) {
  if (dest < 0 || dest >= comm.size()) return 0;  // MPI_PROC_NULL
  SyncSend send;
  send.id = g_next_id++;
  send.comm = &comm;
  send.dest = dest;
  send.tag = tag;
  live()[send.id] = send;
  g_live = live().size();
  return send.id;
}

void end(std::uint64_t id) {
  if (id != 0) live().erase(id);
  g_live = live().size();
}

void forget(const CommInfo& comm) {
  drained_notices::forget(comm);
  for (auto& entry : live()) {
    if (entry.second.comm == &comm) entry.second.comm = nullptr;
  }
}

namespace {

bool withheld(std::uint64_t id) {
  SyncSend* send = find(id);
  if (send == nullptr || !looks_incomplete(*send)) return false;
  take_in();
  return looks_incomplete(*send);
}

}  // namespace

bool over(std::uint64_t id, MPI_Request request) {
  if (withheld(id)) return false;
  int flag = 0;
  const int rc = PMPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE);
  if (rc == MPI_SUCCESS && flag == 0) return false;
  // Not before: no rank takes messages out until every rank knows of the cut, so what was complete
  // while this one did not is complete in truth. And a receiver that takes this one out has said so
  // before it lets the library complete the send.
  take_in();
  return !withheld(id);
}

bool withholds_slow(int n, const MPI_Request requests[]) {
  for (int i = 0; i < n; ++i) {
    const RequestInfo* info = chkpt::mpi::requests().find(requests[i]);
    if (info != nullptr && info->sync != 0 && !over(info->sync, requests[i])) return true;
  }
  return false;
}

bool answers_not_yet(int n, const MPI_Request requests[]) {
  run_on(false);
  if (!withholds(n, requests)) return false;
  if (!gate::pending() || report_poll(n, requests)) return true;
  run_on(true);
  return withholds(n, requests);
}

void run_on(bool on) { g_running_on = on; }

std::optional<Awaited> awaited(std::uint64_t id) {
  SyncSend* send = find(id);
  if (send == nullptr || send->comm == nullptr || !known_to_wait(*send)) return std::nullopt;
  return Awaited{send->comm, send->dest, send->tag, send->later};
}

void acknowledge(const Drained& message) {
  if (message.ack != 0) drained_notices::send_ack(message.ack, message.ack_to);
  drained_notices::update();
}

void take_in_notices() { take_in(); }

std::map<int, std::vector<Entry>> entries() {
  std::map<int, std::vector<Entry>> list;
  for (const auto& [id, send] : live()) {
    if (send.comm == nullptr) continue;
    const int to = send.comm->members[static_cast<std::size_t>(send.dest)];
    list[to].push_back({send.comm->id, send.tag, send.later, id});
  }
  return list;
}

bool waits_here(const Entry& entry, int from_world_rank) {
  CommInfo* comm = registry().find(entry.comm);
  if (comm == nullptr) return false;
  for (int source = 0; source < comm->size(); ++source) {
    if (comm->members[static_cast<std::size_t>(source)] != from_world_rank) continue;
    const auto list = drained_notices::waiting(*comm, source, entry.tag);
    if (entry.later >= list.size()) return false;
    Drained& message = *list[list.size() - 1 - entry.later];
    message.ack = entry.id;
    message.ack_to = from_world_rank;
    return true;
  }
  return false;
}

void settle(std::uint64_t id, bool held) {
  SyncSend* send = find(id);
  if (send == nullptr) return;
  if (held) {
    send->held = true;
  } else {
    release(*send);
  }
}

std::vector<Saved> saved() {
  std::vector<Saved> list;
  for (const auto& [id, send] : live()) {
    if (send.held && send.comm != nullptr) {
      list.push_back({send.comm->id, id, send.dest, send.tag, send.later});
    }
  }
  return list;
}

bool is_held(std::uint64_t id) {
  const SyncSend* send = id == 0 ? nullptr : find(id);
  return send != nullptr && send->held;
}

std::uint64_t next_id() { return g_next_id; }

void adopt(const std::vector<Saved>& list, std::uint64_t next) {
  g_next_id = next;
  for (const Saved& from : list) {
    SyncSend send;
    send.id = from.id;
    send.comm = registry().find(from.comm);
    send.dest = from.dest;
    send.tag = from.tag;
    send.later = from.later;
    send.held = true;
    if (send.comm == nullptr) throw FormatError("MPI recipe: a send without its communicator");
    live()[send.id] = send;
  }
  g_live = live().size();
}

int make_stand_in(std::uint64_t id, MPI_Request* request, MPI_Request persistent) {
  SyncSend* send = find(id);
  if (send == nullptr || !send->held) throw FormatError("MPI recipe: a send that nobody awaits");
  const int rc = PMPI_Grequest_start(answer_query, answer_free, answer_cancel, nullptr, request);
  if (rc != MPI_SUCCESS) return rc;
  send->stand_in = *request;
  RequestInfo info;
  info.kind = RequestKind::kSend;
  info.comm = send->comm;
  info.peer = send->dest;
  info.tag = send->tag;
  info.sync = id;
  info.persistent = persistent;
  requests().add(*request, info);
  return rc;
}

}  // namespace chkpt::mpi::sync_sends
