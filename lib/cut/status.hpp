// SPDX-License-Identifier: BSD-3-Clause
// How one rank stands while a cut is pending, as it says itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chkpt::cut {

enum class RankState : std::uint8_t { kRunning, kParked, kBlocked, kDone };

// A waiting rank wants one message more than `have` from world rank `source` (-1: from anybody).
// Or, if `awaited` (the number of a synchronous send of its own) is not 0, it wants the script of
// `source` to get its drained messages with `tag` until no more than `have` are left.
// If `have` is kOnItsOwn, another thread of the rank acts on the communicator: the other members
// run on for as long as it says so.
constexpr std::uint64_t kOnItsOwn = ~std::uint64_t{0};
struct ChannelNeed {
  std::string comm;
  int source = -1;
  std::uint64_t have = 0;
  std::uint64_t awaited = 0;
  std::int32_t tag = 0;
};

struct ClockValue {
  std::string id;
  std::uint64_t value = 0;
  std::vector<int> members;  // joint clocks only: world ranks
};

struct Status {
  RankState state = RankState::kRunning;
  // Parked, done or in a restartable blocked call, and every target met: may be frozen.
  bool eligible = false;
  std::vector<ChannelNeed> needs;
  std::vector<ClockValue> clocks;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t api_calls = 0;
  std::uint64_t api_satisfied = 0;  // kPhase: what it will be after this cut
  std::string deferral;             // an MPI object that cannot be saved
  std::string call;                 // waits for other ranks inside this MPI function
};

}  // namespace chkpt::cut
