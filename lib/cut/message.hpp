// SPDX-License-Identifier: BSD-3-Clause
// What ranks and coordinator tell each other. One struct for all messages: unused fields stay empty
// and cost a byte or two on the wire. No padding, no pointers: encode() is exact and portable.
// A rank speaks for itself; on the way to rank 0 its words are joined with those of others
// (gathering.hpp), on the way from it messages are split (part_for).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cut/agent.hpp"
#include "cut/census.hpp"
#include "cut/rank_set.hpp"
#include "cut/status.hpp"

namespace chkpt::cut {

enum class TargetKind : std::uint8_t { kClock, kChannel, kAny, kAnyCancel, kApi, kReception };

// "Run on until": the clock of `comm` has the value; you have sent `value` messages to world rank
// `peer` on it; you have sent one more to it than now, or, with the value kOnItsOwn, whatever you
// send (kAny, until cancelled); you have called
// snapshot() `value` times (0 cancels); of the drained messages from `peer` with `tag` no more than
// `value` wait for the script (kReception).
struct Target {
  TargetKind kind = TargetKind::kClock;
  std::string comm;
  int peer = -1;
  std::uint64_t value = 0;
  RankSet ranks;  // who shall
  std::int32_t tag = 0;
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
  kLost,  // the connection to rank `number` is broken; also from the coordinator's side
  // coordinator -> rank
  kRequest,
  kAllKnow,  // every rank has answered kRequest: messages may be taken out (sync_sends.hpp)
  kAdvance,
  kPrepare,
  kUnfreeze,
  kPhase,
  kWhy,
  kResume,
  kOutcome,  // of what was written behind the script's back: ok, text
  kExit,
  kEnd,  // at once, whatever the script does; number: exit code
};

// Communicators that ranks have freed.
struct Freed {
  std::string id;
  int members = 0;  // that the communicator had
  int by = 1;       // how many of them have freed it
};

// Message::number of a kTrigger that a signal made just now; 0 if it is tried again.
constexpr std::uint64_t kFromOutside = 1;

// What some ranks say in one way: a report, or why they do not stand.
struct Answer {
  RankSet ranks;
  bool ok = true;
  std::string text;
  std::string payload;
};

struct Message {
  MessageType type = MessageType::kHello;
  // Who says this; empty: the one rank at the other end. From the coordinator: for whom; empty: for
  // everybody.
  RankSet ranks;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  // kPhase: attempt; kResume: snapshot() calls satisfied
  bool ok = true;
  double seconds = 0;        // kPhase: time to cut; kSetInterval
  std::int64_t unix_ns = 0;  // kPhase: when the cut was asked for
  Phase phase = Phase::kVerify;
  Trigger trigger;
  std::string text;
  // kReport of kVerify: communicators whose collective calls held up the cut, a line each;
  // kCapture: those of all ranks. kReport of other phases: the report's payload.
  std::string payload;
  bool behind = false;  // kWrite: the ranks run on meanwhile
  Status status;        // of one rank
  Census census;        // of `ranks`
  std::vector<Answer> answers;
  std::vector<Target> targets;
  std::vector<Freed> freed;
};

std::string encode(const Message& message);
// False when the bytes are not a message.
bool decode(const std::string& bytes, Message* message);

}  // namespace chkpt::cut
