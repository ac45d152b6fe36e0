// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/verify.hpp"

#include <climits>
#include <cstdint>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "base/error.hpp"
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

constexpr int kRequestPatience_ms = 5000;

// One line per communicator shared with a peer.
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

std::vector<std::string> claims_for_all() {
  std::vector<std::string> out(static_cast<std::size_t>(session::size()));
  registry().for_each([&](const CommInfo& comm) {
    for (std::size_t i = 0; i < comm.members.size(); ++i) {
      put(&out[static_cast<std::size_t>(comm.members[i])], {comm.id, comm.sent[i], comm.clock});
    }
  });
  return out;
}

// Its synchronous sends to a rank; a rank that has any to anybody says so to all.
std::vector<std::string> questions_for_all() {
  const auto entries = sync_sends::entries();
  bool any = false;
  for (const auto& list : entries) any = any || !list.empty();
  std::vector<std::string> out(entries.size());
  for (std::size_t r = 0; r < out.size(); ++r) {
    put(&out[r], any ? 1 : 0);
    put(&out[r], entries[r].size());
    for (const sync_sends::Entry& entry : entries[r]) {
      put(&out[r], {entry.comm, static_cast<std::uint64_t>(entry.tag), entry.later});
      put(&out[r], entry.id);
    }
  }
  return out;
}

// out[r] goes to rank r; the result's [r] came from rank r.
std::vector<std::string> exchange(const std::vector<std::string>& out) {
  const std::size_t n = out.size();
  std::vector<int> send_sizes(n);
  std::vector<int> sizes(n);
  std::vector<int> send_offsets(n);
  std::vector<int> offsets(n);
  std::string all_out;
  for (std::size_t r = 0; r < n; ++r) {
    send_sizes[r] = static_cast<int>(out[r].size());
    send_offsets[r] = static_cast<int>(all_out.size());
    all_out += out[r];
  }
  if (all_out.size() > INT_MAX) throw MpiError("too many channels to check");
  check(PMPI_Alltoall(send_sizes.data(), 1, MPI_INT, sizes.data(), 1, MPI_INT, session::control()),
        "MPI_Alltoall");
  std::size_t total = 0;
  for (std::size_t r = 0; r < n; ++r) {
    offsets[r] = static_cast<int>(total);
    total += static_cast<std::size_t>(sizes[r]);
  }
  std::string all_in(total, '\0');
  check(PMPI_Alltoallv(all_out.data(), send_sizes.data(), send_offsets.data(), MPI_CHAR,
                       all_in.data(), sizes.data(), offsets.data(), MPI_CHAR, session::control()),
        "MPI_Alltoallv");
  std::vector<std::string> in(n);
  for (std::size_t r = 0; r < n; ++r) {
    in[r] = all_in.substr(static_cast<std::size_t>(offsets[r]), static_cast<std::size_t>(sizes[r]));
  }
  return in;
}

std::string channel(const std::string& id, int from) {
  return "communicator " + id + ", from rank " + std::to_string(from);
}

std::string check_claim(const Claim& claim, int from) {
  CommInfo* comm = registry().find(claim.id);
  if (comm == nullptr) return channel(claim.id, from) + ": not known here";
  if (comm->clock != claim.clock) {
    return channel(claim.id, from) + ": " + std::to_string(claim.clock) +
           " collective calls there, " + std::to_string(comm->clock) + " here";
  }
  for (std::size_t i = 0; i < comm->members.size(); ++i) {
    if (comm->members[i] == from && comm->received[i] != claim.sent) {
      return channel(claim.id, from) + ": " + std::to_string(claim.sent) + " messages sent, " +
             std::to_string(comm->received[i]) + " received";
    }
  }
  return {};
}

// Answers the questions at the head of each rank's text, which is removed; true if anybody has
// asked anything.
bool answer_questions(std::vector<std::string>* in, std::vector<std::string>* answers) {
  bool any = false;
  answers->resize(in->size());
  for (std::size_t r = 0; r < in->size(); ++r) {
    std::string& text = (*in)[r];
    std::size_t at = 0;
    any = take_number(text, &at) != 0 || any;
    for (std::uint64_t n = take_number(text, &at); n > 0; --n) {
      const Claim claim = take_claim(text, &at);
      const std::uint64_t id = take_number(text, &at);
      const sync_sends::Entry entry{claim.id, static_cast<int>(claim.sent), claim.clock, id};
      put(&(*answers)[r], id);
      put(&(*answers)[r], sync_sends::waits_here(entry, static_cast<int>(r)) ? 1 : 0);
    }
    text.erase(0, at);
  }
  return any;
}

// Which synchronous sends wait for their receiver's script; see sync_sends.hpp.
void settle_sync_sends(std::vector<std::string>* in) {
  std::vector<std::string> answers;
  if (!answer_questions(in, &answers)) return;
  for (const std::string& text : exchange(answers)) {
    for (std::size_t at = 0; at < text.size();) {
      const std::uint64_t id = take_number(text, &at);
      sync_sends::settle(id, take_number(text, &at) != 0);
    }
  }
}

std::string check_claims(const std::vector<std::string>& in) {
  std::size_t lines = 0;
  for (std::size_t r = 0; r < in.size(); ++r) {
    for (std::size_t at = 0; at < in[r].size(); ++lines) {
      const std::string text = check_claim(take_claim(in[r], &at), static_cast<int>(r));
      if (!text.empty()) return text;
    }
  }
  std::size_t expected = 0;
  registry().for_each([&](const CommInfo& comm) { expected += comm.members.size(); });
  if (lines != expected) return "a communicator of this rank is not known on another";
  return {};
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
    std::vector<std::string> out = questions_for_all();
    const std::vector<std::string> claims = claims_for_all();
    for (std::size_t r = 0; r < out.size(); ++r) out[r] += claims[r];
    std::vector<std::string> in = exchange(out);
    settle_sync_sends(&in);
    const std::string text = check_claims(in);
    return text.empty() ? local_mismatch() : text;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace chkpt::mpi
