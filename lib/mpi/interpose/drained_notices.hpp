// SPDX-License-Identifier: BSD-3-Clause
// Between two cuts a rank that drains messages tells their senders, if those ever send
// synchronously to it: how many messages of a tag wait here for the script, before the library
// learns that one has been taken, and again whenever that changes. So a sender that has to run on
// while a cut is pending knows whether a synchronous send that looks complete is. (It relies on the
// library bringing a small message no later than the end of a synchronous send that follows it.)
// Main thread only.
#pragma once

#include <cstdint>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::drained_notices {

// ---- at the sender

// Before a synchronous send to a rank of `comm`: it shall tell from now on.
void ask_for(const CommInfo& comm, int dest);

enum class Verdict {
  kTaken,    // no such message waits at the receiver
  kUnclear,  // it does, or a later one with the same tag
  kWaits,
};
// Of the message with this tag after which `later` others have been sent on the channel.
Verdict verdict(const CommInfo& comm, int dest, int tag, std::uint64_t later);

// ---- at the receiver

// Drained messages of one tag that the script has not received, oldest first.
std::vector<Drained*> waiting(CommInfo& comm, int source, int tag);
// Whether the sender wants to hear of drained messages, as far as its words have been taken in.
bool has_asked(const CommInfo& comm, int source);
// The library has matched a message and is about to be told that it is being received.
void taking_out(CommInfo& comm, int source, int tag);
// Drained messages have arrived, or the script has got one.
void update();

// ---- both

void forget(const CommInfo& comm);  // it is being freed
// Takes in everything that has come on the private communicator; on_ack: acknowledgements, see
// sync_sends.hpp.
void take_in(void (*on_ack)(std::uint64_t id));
void send_ack(std::uint64_t id, int to_world_rank);

}  // namespace chkpt::mpi::drained_notices
