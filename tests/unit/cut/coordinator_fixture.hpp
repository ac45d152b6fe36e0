// SPDX-License-Identifier: BSD-3-Clause
// A coordinator whose ranks are played by hand: what it sends is kept, the clock is the test's.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cut/coordinator.hpp"

namespace chkpt::cut {

class CoordinatorTest : public ::testing::Test {
 protected:
  void start(const Config& config = {}, int ranks = 2) {
    ranks_ = ranks;
    std::vector<RankSet> ports;
    ports.reserve(static_cast<std::size_t>(ranks));
    for (int r = 0; r < ranks; ++r) ports.push_back({r});
    coordinator_ = std::make_unique<Coordinator>(std::move(ports), config, now());
  }
  Coordinator::Time now() const { return {clock_, 1000}; }

  void trigger(TriggerKind kind = TriggerKind::kRequest, bool stop = false) {
    coordinator_->trigger({kind, "", stop}, now());
    collect();
  }
  void say(int rank, Message message) {
    coordinator_->receive(static_cast<std::size_t>(rank), std::move(message), now());
    collect();
  }
  void say_all(const Message& message) {
    for (int r = 0; r < ranks_; ++r) say(r, message);
  }
  void tick() {
    coordinator_->tick(now());
    collect();
  }
  void collect() {
    for (Output& output : coordinator_->take_outputs()) {
      if (output.what == Output::What::kSend) {
        if (output.message.type == MessageType::kRequest) epoch_ = output.message.epoch;
        for (int r = 0; r < ranks_; ++r) {
          const auto part = part_for(output.message, {r});
          if (!part) continue;
          last_[r] = *part;
          ++sent_[part->type];
        }
      } else if (output.what == Output::What::kSkipped) {
        skipped_.push_back(output.text);
      } else if (output.what == Output::What::kWaiting) {
        waiting_.push_back(output.text);
      } else if (output.what == Output::What::kCommit) {
        commit_ = output;
      } else if (output.what == Output::What::kTidy) {
        tidied_after_ = last_type(0);
      } else {
        quit_ = true;
      }
    }
  }

  Message message(MessageType type) const {
    Message made;
    made.type = type;
    made.epoch = epoch_;
    return made;
  }
  Message parked(MessageType type = MessageType::kStatus) const {
    Message made = message(type);
    made.status.state = RankState::kParked;
    made.status.eligible = true;
    return made;
  }
  Message done(Phase phase, bool ok = true, const std::string& text = {}) const {
    Message made = message(MessageType::kReport);
    made.phase = phase;
    made.ok = ok;
    made.text = text;
    return made;
  }
  Message deferring(const std::string& why) const {
    Message made = message(MessageType::kStatus);
    made.status.deferral = why;
    return made;
  }
  void come_to_stop() {
    say_all(parked());
    say_all(parked(MessageType::kPrepared));
  }
  void until_commit() {
    come_to_stop();
    for (const Phase phase : {Phase::kVerify, Phase::kCapture, Phase::kWrite}) say_all(done(phase));
  }
  void commit(bool ok, const std::string& text = {}) {
    coordinator_->commit_result({ok, text, ""}, now());
    collect();
  }
  MessageType last_type(int rank) { return last_[rank].type; }

  double clock_ = 100;
  int ranks_ = 2;
  std::uint64_t epoch_ = 0;
  std::unique_ptr<Coordinator> coordinator_;
  std::map<int, Message> last_;
  std::map<MessageType, int> sent_;
  std::vector<std::string> skipped_;
  std::vector<std::string> waiting_;
  std::optional<Output> commit_;
  std::optional<MessageType> tidied_after_;  // what rank 0 had been sent last
  bool quit_ = false;
};

}  // namespace chkpt::cut
