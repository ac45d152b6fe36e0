// SPDX-License-Identifier: BSD-3-Clause
#include "cut/coordinator.hpp"

#include <gtest/gtest.h>

namespace chkpt::cut {
namespace {

// Two ranks played by hand.
class CoordinatorTest : public ::testing::Test {
 protected:
  void start(Config config = {}, int ranks = 2) {
    ranks_ = ranks;
    coordinator_ = std::make_unique<Coordinator>(ranks, config, now());
  }
  Coordinator::Time now() const { return {clock_, 1000}; }

  void trigger(TriggerKind kind = TriggerKind::kRequest, bool stop = false) {
    coordinator_->trigger({kind, "", stop}, now());
    collect();
  }
  void say(int rank, Message message) {
    coordinator_->receive(rank, std::move(message), now());
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
        last_[output.rank] = output.message;
        ++sent_[output.message.type];
      } else if (output.what == Output::What::kSkipped) {
        skipped_.push_back(output.text);
      } else if (output.what == Output::What::kCommit) {
        commit_ = output;
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
  std::optional<Output> commit_;
  bool quit_ = false;
};

TEST_F(CoordinatorTest, a_cut_goes_through_all_phases_and_resumes) {
  start();
  trigger();
  EXPECT_EQ(last_type(0), MessageType::kRequest);
  say_all(parked());
  EXPECT_EQ(last_type(1), MessageType::kPrepare);
  clock_ += 0.004;
  say_all(parked(MessageType::kPrepared));
  EXPECT_EQ(last_[1].phase, Phase::kVerify);
  say_all(done(Phase::kVerify));
  EXPECT_EQ(last_[1].phase, Phase::kCapture);
  say_all(done(Phase::kCapture));
  Message written = done(Phase::kWrite);
  written.payload = "file0";
  say(0, written);
  EXPECT_FALSE(commit_.has_value());
  written.payload = "file1";
  say(1, written);
  ASSERT_TRUE(commit_.has_value());
  EXPECT_EQ(commit_->reports[1].payload, "file1");
  EXPECT_NEAR(commit_->info.cut_ms, 4, 0.01);
  commit(true);
  EXPECT_EQ(last_[0].phase, Phase::kConclude);
  EXPECT_TRUE(last_[0].ok);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_type(0), MessageType::kResume);
  EXPECT_TRUE(skipped_.empty());
}

TEST_F(CoordinatorTest, a_mismatch_at_the_final_check_drops_the_cut_on_all_ranks) {
  start();
  trigger();
  come_to_stop();
  say(0, done(Phase::kVerify));
  say(1, done(Phase::kVerify, false, "channel w: 3 sent, 2 received"));
  EXPECT_EQ(last_[0].phase, Phase::kConclude);
  EXPECT_FALSE(last_[0].ok);
  EXPECT_EQ(last_[0].text, "channel w: 3 sent, 2 received on rank 1");
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_type(0), MessageType::kResume);
  EXPECT_FALSE(commit_.has_value());
}

TEST_F(CoordinatorTest, the_lowest_failing_rank_speaks) {
  start({}, 3);
  trigger();
  come_to_stop();
  say_all(done(Phase::kVerify));
  say(2, done(Phase::kCapture, false, "third"));
  say(1, done(Phase::kCapture, false, "second"));
  say(0, done(Phase::kCapture));
  EXPECT_EQ(last_[0].text, "second on rank 1");
}

TEST_F(CoordinatorTest, a_failed_commit_is_concluded_as_failed) {
  start();
  trigger();
  until_commit();
  commit(false, "fenced");
  EXPECT_FALSE(last_[1].ok);
  EXPECT_EQ(last_[1].text, "fenced");
}

TEST_F(CoordinatorTest, a_rank_that_moved_before_it_was_frozen_undoes_prepare) {
  start();
  trigger();
  say_all(parked());
  say(0, parked(MessageType::kPrepared));
  Message moved = message(MessageType::kPrepared);
  moved.ok = false;
  say(1, moved);
  EXPECT_EQ(last_type(0), MessageType::kUnfreeze);
  // Only fresh statuses count now.
  say(0, parked());
  EXPECT_EQ(sent_[MessageType::kPrepare], 2);
  say(1, parked());
  EXPECT_EQ(sent_[MessageType::kPrepare], 4);
}

TEST_F(CoordinatorTest, sums_that_changed_between_the_waves_undo_prepare) {
  start();
  trigger();
  say_all(parked());
  Message late = parked(MessageType::kPrepared);
  late.status.sent = 1;
  say(0, late);
  say(1, parked(MessageType::kPrepared));
  EXPECT_EQ(last_type(1), MessageType::kUnfreeze);
}

TEST_F(CoordinatorTest, a_deferral_skips_at_once_and_names_call_and_rank) {
  start();
  trigger();
  Message status = message(MessageType::kStatus);
  status.status.deferral = "MPI_Win_create at halo.py:31";
  say(1, status);
  ASSERT_EQ(skipped_.size(), 1U);
  EXPECT_EQ(skipped_[0], "MPI_Win_create at halo.py:31 on rank 1");
  EXPECT_EQ(last_type(0), MessageType::kResume);
}

TEST_F(CoordinatorTest, gives_up_and_says_who_does_not_come) {
  Config config;
  config.cut_timeout_s = 30;
  start(config);
  trigger();
  say(0, parked());
  ASSERT_TRUE(coordinator_->next_wakeup().has_value());
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), 130);
  clock_ += 30;
  tick();
  EXPECT_EQ(last_type(1), MessageType::kWhy);
  Message because = message(MessageType::kBecause);
  because.text = "inside numpy.linalg.solve called at model.py:211";
  for (int r = 0; r < 2; ++r) {
    if (last_type(r) == MessageType::kWhy) say(r, because);
  }
  ASSERT_EQ(skipped_.size(), 1U);
  EXPECT_NE(skipped_[0].find("no common stop within 30 s"), std::string::npos);
  EXPECT_NE(skipped_[0].find("rank 1: inside numpy.linalg.solve"), std::string::npos);
  EXPECT_EQ(last_type(0), MessageType::kResume);
}

TEST_F(CoordinatorTest, gives_up_also_on_a_rank_that_does_not_answer) {
  Config config;
  config.cut_timeout_s = 0.5;
  start(config);
  trigger();
  clock_ += 0.5;
  tick();
  clock_ += 1.1;
  tick();
  ASSERT_EQ(skipped_.size(), 1U);
  EXPECT_NE(skipped_[0].find("rank 1: does not answer"), std::string::npos);
}

TEST_F(CoordinatorTest, a_stop_that_failed_is_tried_again_later) {
  start();
  trigger(TriggerKind::kSignal, true);
  Message status = message(MessageType::kStatus);
  status.status.deferral = "MPI_File_open";
  say(0, status);
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
  clock_ += 0.5;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
  clock_ += 0.6;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 4);
}

TEST_F(CoordinatorTest, a_request_that_was_skipped_is_not_repeated) {
  start();
  trigger();
  Message status = message(MessageType::kStatus);
  status.status.deferral = "MPI_File_open";
  say(0, status);
  clock_ += 100;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
}

TEST_F(CoordinatorTest, one_signal_to_all_ranks_is_one_cut_and_then_they_leave) {
  start();
  Message signal = message(MessageType::kTrigger);
  signal.trigger = {TriggerKind::kSignal, "", true};
  say(0, signal);
  say(1, signal);
  until_commit();
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_[1].phase, Phase::kLeave);
  EXPECT_TRUE(coordinator_->leaving());
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
}

TEST_F(CoordinatorTest, a_stop_during_an_ordinary_cut_makes_it_the_last) {
  start();
  trigger();
  trigger(TriggerKind::kSignal, true);
  until_commit();
  EXPECT_TRUE(commit_->info.trigger.stop);
  EXPECT_EQ(commit_->info.trigger.kind, TriggerKind::kSignal);
}

TEST_F(CoordinatorTest, a_trigger_while_state_is_written_waits_for_the_next_cut) {
  start();
  trigger();
  come_to_stop();
  trigger(TriggerKind::kSignal, true);
  for (const Phase phase : {Phase::kVerify, Phase::kCapture, Phase::kWrite}) say_all(done(phase));
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(sent_[MessageType::kRequest], 4);
}

TEST_F(CoordinatorTest, the_interval_counts_from_the_end_of_the_last_cut) {
  Config config;
  config.interval_s = 10;
  start(config);
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), 110);
  clock_ = 110;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
  clock_ = 113;
  until_commit();
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), 123);
}

TEST_F(CoordinatorTest, without_an_interval_nothing_wakes_it) {
  start();
  EXPECT_FALSE(coordinator_->next_wakeup().has_value());
}

TEST_F(CoordinatorTest, the_interval_can_be_set_at_run_time) {
  start();
  Message set = message(MessageType::kSetInterval);
  set.seconds = 5;
  say(1, set);
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), 105);
}

TEST_F(CoordinatorTest, snapshot_waits_a_second_for_the_other_ranks) {
  start();
  Message ask = message(MessageType::kTrigger);
  ask.trigger = {TriggerKind::kApi, "iter1", false};
  ask.number = 1;
  say(0, ask);
  Message first = parked();
  first.status.api_calls = 1;
  say(0, first);
  say(1, parked());
  EXPECT_EQ(last_type(1), MessageType::kAdvance);
  EXPECT_EQ(sent_[MessageType::kPrepare], 0);
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), 101);
  clock_ = 101;
  tick();
  EXPECT_EQ(sent_[MessageType::kPrepare], 2);
  say(0, [&] {
    Message made = parked(MessageType::kPrepared);
    made.status.api_calls = 1;
    return made;
  }());
  say(1, parked(MessageType::kPrepared));
  for (const Phase phase : {Phase::kVerify, Phase::kCapture, Phase::kWrite}) say_all(done(phase));
  EXPECT_EQ(commit_->info.trigger.name, "iter1");
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_[1].number, 1U);
  // The other rank's own first call is served already.
  say(1, ask);
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
}

TEST_F(CoordinatorTest, the_job_ends_when_all_scripts_have_ended) {
  start();
  Message ended = message(MessageType::kStatus);
  ended.status.state = RankState::kDone;
  say(0, ended);
  EXPECT_FALSE(quit_);
  say(1, ended);
  EXPECT_TRUE(quit_);
  EXPECT_EQ(last_type(0), MessageType::kExit);
}

TEST_F(CoordinatorTest, a_finished_rank_joins_cuts) {
  start();
  Message ended = message(MessageType::kStatus);
  ended.status.state = RankState::kDone;
  say(0, ended);
  trigger();
  ended = message(MessageType::kStatus);
  ended.status.state = RankState::kDone;
  ended.status.eligible = true;
  say(0, ended);
  say(1, parked());
  EXPECT_EQ(last_type(0), MessageType::kPrepare);
}

}  // namespace
}  // namespace chkpt::cut
