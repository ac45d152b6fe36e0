// SPDX-License-Identifier: BSD-3-Clause
// What ranks and coordinator tell each other. One struct for all messages: unused fields stay empty
// and cost a byte or two on the wire. No padding, no pointers: encode() is exact and portable.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cut/agent.hpp"

namespace chkpt::cut {

enum class RankState : std::uint8_t { kRunning, kParked, kBlocked, kDone };

// A waiting rank wants one message more than `have` from world rank `source` (-1: from anybody).
struct ChannelNeed {
  std::string comm;
  int source = -1;
  std::uint64_t have = 0;
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

enum class TargetKind : std::uint8_t { kClock, kChannel, kAny, kAnyCancel, kApi };

// "Run on until": the clock of `comm` has the value; you have sent `value` messages to world rank
// `peer` on it; you have sent one more to it than now (kAny, until cancelled); you have called
// snapshot() `value` times (0 cancels).
struct Target {
  TargetKind kind = TargetKind::kClock;
  std::string comm;
  int peer = -1;
  std::uint64_t value = 0;
};
// A clock target that only freeing the communicator meets.
constexpr std::uint64_t kFreed = ~std::uint64_t{0};

enum class Phase : std::uint8_t { kVerify, kCapture, kWrite, kConclude, kLeave };

enum class MessageType : std::uint8_t {
  // rank -> coordinator
  kHello,
  kTrigger,
  kSetInterval,
  kFreedComms,
  kStatus,
  kPrepared,
  kReport,
  kBecause,
  // coordinator -> rank
  kRequest,
  kAdvance,
  kPrepare,
  kUnfreeze,
  kPhase,
  kWhy,
  kResume,
  kExit,
  kEnd,  // at once, whatever the script does; number: exit code
};

// Message::number of a kTrigger that a signal made just now; 0 if it is tried again.
constexpr std::uint64_t kFromOutside = 1;

struct Message {
  MessageType type = MessageType::kHello;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  // kHello: rank; kPhase: attempt; kResume: snapshot() calls satisfied
  bool ok = true;
  double seconds = 0;        // kPhase: time to cut; kSetInterval
  std::int64_t unix_ns = 0;  // kPhase: when the cut was asked for
  Phase phase = Phase::kVerify;
  Trigger trigger;
  std::string text;
  // kReport of kVerify: communicators whose collective calls held up the cut, a line each;
  // kConclude: those of all ranks. kReport of other phases: the report's payload.
  std::string payload;
  bool verified = false;  // kConclude: the cut held, so all clocks are equal
  Status status;
  std::vector<Target> targets;
  std::vector<std::pair<std::string, int>> freed;  // id and number of members
};

std::string encode(const Message& message);
// False when the bytes are not a message.
bool decode(const std::string& bytes, Message* message);

}  // namespace chkpt::cut
