// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/verify.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <unistd.h>

#include "base/error.hpp"
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/windows.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

constexpr int kRequestPatience_ms = 5000;

// What a rank says to another of a communicator that they share.
struct Claim {
  std::string id;
  std::uint64_t sent = 0;
  std::uint64_t clock = 0;
};

void put(std::string* out, std::uint64_t value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string* out, const Claim& claim) {
  put(out, claim.id.size());
  *out += claim.id;
  put(out, claim.sent);
  put(out, claim.clock);
}

std::uint64_t take_number(const std::string& in, std::size_t* at) {
  std::uint64_t value = 0;
  if (in.size() - *at < sizeof value) throw MpiError("a rank's claims are cut short");
  std::memcpy(&value, in.data() + *at, sizeof value);
  *at += sizeof value;
  return value;
}

Claim take_claim(const std::string& in, std::size_t* at) {
  Claim claim;
  const std::uint64_t size = take_number(in, at);
  if (in.size() - *at < size) throw MpiError("a rank's claims are cut short");
  claim.id.assign(in, *at, size);
  *at += size;
  claim.sent = take_number(in, at);
  claim.clock = take_number(in, at);
  return claim;
}

// The letters of this rank.
using Texts = std::map<int, std::string>;

// Whose clocks this rank's is shown to: over all ranks the pairs hang together, so clocks that all
// pairs agree on are equal everywhere.
std::set<int> neighbours(const CommInfo& comm) {
  const int size = comm.size();
  std::set<int> some{(comm.rank + 1) % size};
  if (comm.inter()) some.insert(comm.rank % size);
  return some;
}

Texts claims() {
  Texts out;
  registry().for_each([&](const CommInfo& comm) {
    const std::set<int> shown = neighbours(comm);
    for (int i = 0; i < comm.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (comm.sent[at] == 0 && shown.count(i) == 0) continue;
      put(&out[comm.members[at]], {comm.id, comm.sent[at], comm.clock});
    }
  });
  return out;
}

Texts questions() {
  Texts out;
  for (const auto& [rank, entries] : sync_sends::entries()) {
    for (const sync_sends::Entry& entry : entries) {
      put(&out[rank], {entry.comm, static_cast<std::uint64_t>(entry.tag), entry.later});
      put(&out[rank], entry.id);
    }
  }
  return out;
}

std::string channel(const std::string& id, int from) {
  return "communicator " + id + ", from rank " + std::to_string(from);
}

// The channels of which this rank has been told how much was sent on them.
using Told = std::set<std::pair<const CommInfo*, int>>;

std::string check_claim(const Claim& claim, int from, Told* told) {
  const CommInfo* comm = registry().find(claim.id);
  if (comm == nullptr) return channel(claim.id, from) + ": not known here";
  if (comm->clock != claim.clock) {
    return channel(claim.id, from) + ": " + std::to_string(claim.clock) +
           " collective calls there, " + std::to_string(comm->clock) + " here";
  }
  const auto found = std::find(comm->members.begin(), comm->members.end(), from);
  if (found == comm->members.end()) return channel(claim.id, from) + ": no member here";
  const auto source = found - comm->members.begin();
  const std::uint64_t received = comm->received[static_cast<std::size_t>(source)];
  if (received != claim.sent) {
    return channel(claim.id, from) + ": " + std::to_string(claim.sent) + " messages sent, " +
           std::to_string(received) + " received";
  }
  told->insert({comm, static_cast<int>(source)});
  return {};
}

// Messages that nobody says to have sent.
std::string check_untold(const Told& told) {
  std::string text;
  registry().for_each([&](const CommInfo& comm) {
    for (int i = 0; i < comm.size() && text.empty(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (comm.received[at] == 0 || told.count({&comm, i}) != 0) continue;
      text = channel(comm.id, comm.members[at]) + ": 0 messages sent, " +
             std::to_string(comm.received[at]) + " received";
    }
  });
  return text;
}

std::string check_claims(const Texts& in) {
  Told told;
  for (const auto& [from, letter] : in) {
    for (std::size_t at = 0; at < letter.size();) {
      const std::string text = check_claim(take_claim(letter, &at), from, &told);
      if (!text.empty()) return text;
    }
  }
  return check_untold(told);
}

Texts answers_to(const Texts& in) {
  Texts answers;
  for (const auto& [from, letter] : in) {
    for (std::size_t at = 0; at < letter.size();) {
      const Claim claim = take_claim(letter, &at);
      const std::uint64_t id = take_number(letter, &at);
      const sync_sends::Entry entry{claim.id, static_cast<int>(claim.sent), claim.clock, id};
      put(&answers[from], id);
      put(&answers[from], sync_sends::waits_here(entry, from) ? 1 : 0);
    }
  }
  return answers;
}

// Which synchronous sends wait for their receiver's script; see sync_sends.hpp.
void settle_sync_sends() {
  const session::Letters asked = session::exchange({questions(), false});
  for (const auto& letter : session::exchange({answers_to(asked.texts), false}).texts) {
    for (std::size_t at = 0; at < letter.second.size();) {
      const std::uint64_t id = take_number(letter.second, &at);
      sync_sends::settle(id, take_number(letter.second, &at) != 0);
    }
  }
}

// Sends and collectives are complete as soon as the library has had time for it: all partners have
// done their part. Receives are complete or have not been matched.
std::string pending_request() {
  std::string pending;
  for (int waited_ms = 0; waited_ms < kRequestPatience_ms; ++waited_ms) {
    pending.clear();
    requests().for_each([&](MPI_Request request, RequestInfo& info) {
      if (is_receive(info) || info.kind == RequestKind::kCompleted ||
          info.kind == RequestKind::kGeneralized || sync_sends::is_held(info.sync) ||
          !info.active) {
        return;
      }
      int flag = 0;
      if (PMPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE) == MPI_SUCCESS && flag == 0) {
        pending = is_send(info) ? "a nonblocking send" : "a nonblocking collective";
      }
    });
    if (pending.empty()) return {};
    ::usleep(1000);
  }
  return pending + " does not complete";
}

std::string local_mismatch() {
  if (!drain::settled()) return "a message is still arriving";
  const std::string pending = pending_request();
  requests().count_completed();  // a communicator that is made by now gets its handle
  return pending;
}

}  // namespace

std::string cut_mismatch() {
  if (!session::active()) return {};
  try {
    windows::complete_accesses();  // and nobody comes out of the exchange before all have done so
    const session::Letters in = session::exchange({claims(), !sync_sends::entries().empty()});
    if (in.raised) settle_sync_sends();
    const std::string text = check_claims(in.texts);
    return text.empty() ? local_mismatch() : text;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace chkpt::mpi
