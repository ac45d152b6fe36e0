// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/drained_notices.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "base/error.hpp"
#include "mpi/interpose/matched.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::drained_notices {
namespace {

enum Tag : int { kAck = 1, kAskFor = 2, kNotice = 3 };

// How the messages of one tag stand at the receiver.
struct Standing {
  std::uint64_t waiting = 0;
  std::uint64_t received = 0;  // on the whole channel; counts drained ones that have arrived
  bool operator!=(const Standing& other) const {
    return waiting != other.waiting || received != other.received;
  }
};
// The other end is a rank of the communicator.
using Stream = std::tuple<const CommInfo*, int, int>;  // communicator, other end, tag

struct Tables {
  std::set<int> asked;               // world ranks that this one has asked
  std::set<int> askers;              // world ranks
  std::map<Stream, Standing> heard;  // at the sender
  std::map<Stream, Standing> told;   // at the receiver
};
Tables& tables() {
  static auto* instance = new Tables;
  return *instance;
}

int world_rank(const CommInfo& comm, int rank) {
  return comm.members[static_cast<std::size_t>(rank)];
}

void send(const void* data, std::size_t size, int to, Tag tag) {
  check(PMPI_Send(data, static_cast<int>(size), MPI_BYTE, to, tag, session::acks()), "MPI_Send");
}

// On the wire: three numbers, then the communicator's id.
struct Numbers {
  std::int64_t tag = 0;
  Standing standing;
};

void tell(const CommInfo& comm, int source, int tag, const Standing& standing) {
  const Numbers numbers{tag, standing};
  std::string text(reinterpret_cast<const char*>(&numbers), sizeof numbers);
  text += comm.id;
  send(text.data(), text.size(), world_rank(comm, source), kNotice);
}

void hear(const std::string& text, int from_world_rank) {
  Numbers numbers;
  if (text.size() < sizeof numbers) throw MpiError("a notice of drained messages is cut short");
  std::memcpy(&numbers, text.data(), sizeof numbers);
  const CommInfo* comm = registry().find(text.substr(sizeof numbers));
  if (comm == nullptr) return;  // freed meanwhile
  const auto found = std::find(comm->members.begin(), comm->members.end(), from_world_rank);
  if (found == comm->members.end()) return;
  const Stream stream{comm, static_cast<int>(found - comm->members.begin()),
                      static_cast<int>(numbers.tag)};
  if (numbers.standing.waiting == 0) {
    tables().heard.erase(stream);
  } else {
    tables().heard[stream] = numbers.standing;
  }
}

bool take_in_one(void (*on_ack)(std::uint64_t)) {
  int found = 0;
  MPI_Status status;
  check(PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, session::acks(), &found, &status), "MPI_Iprobe");
  if (found == 0) return false;
  int size = 0;
  check(PMPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
  std::string text(static_cast<std::size_t>(size), '\0');
  check(PMPI_Recv(text.data(), size, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, session::acks(),
                  MPI_STATUS_IGNORE),
        "MPI_Recv");
  if (status.MPI_TAG == kAskFor) {
    tables().askers.insert(status.MPI_SOURCE);
  } else if (status.MPI_TAG == kNotice) {
    hear(text, status.MPI_SOURCE);
  } else {
    std::uint64_t id = 0;
    std::memcpy(&id, text.data(), std::min(text.size(), sizeof id));
    on_ack(id);
  }
  return true;
}

bool fits(const Drained& message, int source, int tag) {
  return message.source == source && message.tag == tag;
}

}  // namespace

void ask_for(const CommInfo& comm, int dest) {
  if (dest < 0 || dest >= comm.size()) return;  // MPI_PROC_NULL
  const int to = world_rank(comm, dest);
  if (to == session::rank() || !tables().asked.insert(to).second) return;
  send("", 0, to, kAskFor);
}

Verdict verdict(const CommInfo& comm, int dest, int tag, std::uint64_t later) {
  const auto entry = tables().heard.find({&comm, dest, tag});
  if (entry == tables().heard.end()) return Verdict::kTaken;
  const auto& [waiting, received] = entry->second;
  if (waiting > later) return Verdict::kWaits;
  // Some of the later ones may have been on their way then.
  const std::uint64_t on_their_way = comm.sent[static_cast<std::size_t>(dest)] - received;
  return waiting > later - std::min(later, on_their_way) ? Verdict::kUnclear : Verdict::kTaken;
}

std::vector<Drained*> waiting(CommInfo& comm, int source, int tag) {
  std::map<std::uint64_t, Drained*> matched_ones;
  matched::for_each([&](matched::Matched& entry) {
    Drained* message = entry.comm == &comm ? entry.drained.get() : nullptr;
    if (message != nullptr && fits(*message, source, tag)) matched_ones[entry.order] = message;
  });
  std::vector<Drained*> list;
  list.reserve(matched_ones.size());
  for (const auto& entry : matched_ones) list.push_back(entry.second);
  for (const auto& message : comm.drained) {
    if (fits(*message, source, tag)) list.push_back(message.get());
  }
  return list;
}

bool has_asked(const CommInfo& comm, int source) {
  return tables().askers.count(world_rank(comm, source)) != 0;
}

void taking_out(CommInfo& comm, int source, int tag) {
  if (!has_asked(comm, source)) return;
  const Standing standing{waiting(comm, source, tag).size() + 1,
                          comm.received[static_cast<std::size_t>(source)]};
  tell(comm, source, tag, standing);
  tables().told[{&comm, source, tag}] = standing;
}

void update() {
  auto& told = tables().told;
  for (auto it = told.begin(); it != told.end();) {
    const auto [key, source, tag] = it->first;
    CommInfo* comm = registry().find(key->id);
    const Standing now{waiting(*comm, source, tag).size(),
                       comm->received[static_cast<std::size_t>(source)]};
    if (now != it->second) tell(*comm, source, tag, now);
    it->second = now;
    it = now.waiting == 0 ? told.erase(it) : std::next(it);
  }
}

void forget(const CommInfo& comm) {
  for (auto* table : {&tables().heard, &tables().told}) {
    for (auto it = table->begin(); it != table->end();) {
      it = std::get<0>(it->first) == &comm ? table->erase(it) : std::next(it);
    }
  }
}

void take_in(void (*on_ack)(std::uint64_t)) {
  // What the library finds only while it looks for the first time is there for the second.
  for (int empty = 0; empty < 2;) {
    if (!take_in_one(on_ack)) ++empty;
  }
}

void send_ack(std::uint64_t id, int to_world_rank) { send(&id, sizeof id, to_world_rank, kAck); }

}  // namespace chkpt::mpi::drained_notices
