// SPDX-License-Identifier: BSD-3-Clause
// What starts a cut: signals, intervals, requests, snapshot(); and what stops the job after it.
#include "unit/cut/coordinator_fixture.hpp"

namespace chkpt::cut {
namespace {

TEST_F(CoordinatorTest, a_stop_that_failed_is_tried_again_later) {
  start();
  trigger(TriggerKind::kSignal, true);
  say(0, deferring("MPI_File_open"));
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
  clock_ += 0.5;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 2);
  clock_ += 0.6;
  tick();
  EXPECT_EQ(sent_[MessageType::kRequest], 4);
}

TEST_F(CoordinatorTest, a_second_signal_to_the_same_rank_says_who_blocks) {
  start();
  Message signal = message(MessageType::kTrigger);
  signal.trigger = {TriggerKind::kSignal, "", true};
  signal.number = kFromOutside;
  say(0, signal);
  say(1, signal);  // the same one, as every rank gets it
  say(0, parked());
  clock_ += 3;
  EXPECT_EQ(sent_[MessageType::kWhy], 0);
  say(0, signal);
  ASSERT_EQ(sent_[MessageType::kWhy], 1);
  Message because = message(MessageType::kBecause);
  because.text = "in numpy.linalg.solve at model.py:211";
  say(1, because);
  ASSERT_EQ(waiting_.size(), 1U);
  EXPECT_EQ(waiting_[0], "no common stop after 3 s; rank 1: in numpy.linalg.solve at model.py:211");
  EXPECT_TRUE(skipped_.empty());  // the cut is still wanted
  until_commit();
  EXPECT_TRUE(commit_.has_value());
}

TEST_F(CoordinatorTest, a_request_file_during_a_cut_says_who_does_not_answer) {
  start();
  trigger(TriggerKind::kSignal, true);
  say(0, parked());
  trigger();
  EXPECT_TRUE(waiting_.empty());
  clock_ += 1;
  tick();
  ASSERT_EQ(waiting_.size(), 1U);
  EXPECT_EQ(waiting_[0], "no common stop after 1 s; rank 1: does not answer");
}

TEST_F(CoordinatorTest, it_asks_by_itself_who_keeps_a_cut_waiting) {
  Config config;
  config.ask_after_s = 0.1;
  start(config);
  trigger();
  say(0, parked());
  EXPECT_DOUBLE_EQ(*coordinator_->next_wakeup(), clock_ + 0.1);
  clock_ += 0.05;
  tick();
  EXPECT_EQ(sent_[MessageType::kWhy], 0);
  clock_ += 0.06;
  tick();
  ASSERT_EQ(sent_[MessageType::kWhy], 1);
  Message because = message(MessageType::kBecause);
  because.text = "running";
  say(1, because);
  ASSERT_EQ(waiting_.size(), 1U);
  clock_ += 1;
  tick();
  EXPECT_EQ(sent_[MessageType::kWhy], 1);  // once for each cut
}

TEST_F(CoordinatorTest, a_request_that_was_skipped_is_not_repeated) {
  start();
  trigger();
  say(0, deferring("MPI_File_open"));
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

}  // namespace
}  // namespace chkpt::cut
