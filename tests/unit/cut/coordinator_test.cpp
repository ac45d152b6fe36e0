// SPDX-License-Identifier: BSD-3-Clause
// One cut from the request to the end, and how it fails.
#include "unit/cut/coordinator_fixture.hpp"

namespace chkpt::cut {
namespace {

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

TEST_F(CoordinatorTest, ranks_run_on_before_old_snapshots_are_removed) {
  start();
  trigger();
  until_commit();
  commit(true);
  EXPECT_FALSE(tidied_after_.has_value());
  say_all(done(Phase::kConclude));
  EXPECT_EQ(tidied_after_, MessageType::kResume);
}

TEST_F(CoordinatorTest, old_snapshots_are_removed_before_the_ranks_leave) {
  start();
  trigger(TriggerKind::kRequest, true);
  until_commit();
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(tidied_after_, MessageType::kPhase);  // that the snapshot is committed
  EXPECT_EQ(last_[0].phase, Phase::kLeave);
}

TEST_F(CoordinatorTest, nothing_is_removed_for_a_snapshot_that_was_dropped) {
  start();
  trigger();
  until_commit();
  commit(false, "no space left");
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_type(0), MessageType::kResume);
  EXPECT_FALSE(tidied_after_.has_value());
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

// Only where the clocks were found equal may the form of collective calls change.
TEST_F(CoordinatorTest, communicators_that_held_up_the_cut_are_told_to_all_once_it_holds) {
  start({}, 3);
  trigger();
  come_to_stop();
  Message found = done(Phase::kVerify);
  found.payload = "w\nw/1:0\n";
  say(0, found);
  say(1, done(Phase::kVerify));
  found.payload = "w/2:1\nw\n";
  say(2, found);
  ASSERT_EQ(last_[1].phase, Phase::kCapture);
  EXPECT_EQ(last_[1].payload, "w\nw/1:0\nw/2:1\n");
  say_all(done(Phase::kCapture, false, "cannot be saved"));
  ASSERT_EQ(last_[1].phase, Phase::kConclude);
  say_all(done(Phase::kConclude));

  trigger();
  come_to_stop();
  found = done(Phase::kVerify);
  found.payload = "w\n";
  say(0, found);
  say(1, done(Phase::kVerify, false, "channel w: 3 sent, 2 received"));
  say(2, done(Phase::kVerify));
  ASSERT_EQ(last_[1].phase, Phase::kConclude);
  EXPECT_EQ(last_[1].payload, "");
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
  say(1, deferring("MPI_Win_create at halo.py:31"));
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
  EXPECT_NE(skipped_[0].find("ranks 0-1: do not answer"), std::string::npos);
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
