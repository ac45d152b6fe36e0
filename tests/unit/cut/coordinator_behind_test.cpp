// SPDX-License-Identifier: BSD-3-Clause
// Cuts whose files are written while the ranks run on.
#include "unit/cut/coordinator_fixture.hpp"

namespace chkpt::cut {
namespace {

class BehindTest : public CoordinatorTest {
 protected:
  void start_behind(int ranks = 2) {
    Config config;
    config.write_behind = true;
    start(config, ranks);
  }
  void until_captured() {
    come_to_stop();
    say_all(done(Phase::kVerify));
    say_all(done(Phase::kCapture));
  }
};

TEST_F(BehindTest, ranks_run_on_when_captured_and_hear_of_the_commit_later) {
  start_behind();
  trigger();
  until_captured();
  EXPECT_EQ(last_type(0), MessageType::kResume);
  EXPECT_FALSE(commit_.has_value());
  Message written = done(Phase::kWrite);
  written.payload = "file0";
  say(0, written);
  EXPECT_FALSE(commit_.has_value());
  say(1, written);
  ASSERT_TRUE(commit_.has_value());
  EXPECT_EQ(commit_->reports[0].payload, "file0");
  EXPECT_FALSE(tidied_after_.has_value());
  commit(true);
  EXPECT_EQ(last_type(0), MessageType::kOutcome);
  EXPECT_TRUE(last_[0].ok);
  EXPECT_EQ(tidied_after_, MessageType::kOutcome);
}

TEST_F(BehindTest, the_order_to_write_precedes_the_resume) {
  start_behind(1);
  trigger();
  come_to_stop();
  say_all(done(Phase::kVerify));
  coordinator_->receive(0, done(Phase::kCapture), now());
  const Outputs outputs = coordinator_->take_outputs();
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].message.phase, Phase::kWrite);
  EXPECT_TRUE(outputs[0].message.behind);
  EXPECT_EQ(outputs[1].message.type, MessageType::kResume);
}

TEST_F(BehindTest, a_file_that_cannot_be_written_drops_the_snapshot) {
  start_behind(3);
  trigger();
  until_captured();
  say(2, done(Phase::kWrite, false, "no space"));
  say(0, done(Phase::kWrite));
  EXPECT_EQ(last_type(0), MessageType::kResume);  // the others are waited for
  say(1, done(Phase::kWrite));
  EXPECT_FALSE(commit_.has_value());
  EXPECT_EQ(last_type(0), MessageType::kOutcome);
  EXPECT_FALSE(last_[0].ok);
  EXPECT_EQ(last_[0].text, "no space on rank 2");
  EXPECT_FALSE(tidied_after_.has_value());
}

TEST_F(BehindTest, a_commit_that_fails_is_told) {
  start_behind();
  trigger();
  until_captured();
  say_all(done(Phase::kWrite));
  commit(false, "MANIFEST: no space");
  EXPECT_EQ(last_type(1), MessageType::kOutcome);
  EXPECT_FALSE(last_[1].ok);
  EXPECT_EQ(last_[1].text, "MANIFEST: no space");
}

TEST_F(BehindTest, the_next_cut_waits_for_the_outcome) {
  start_behind();
  trigger();
  until_captured();
  trigger(TriggerKind::kSignal, true);
  EXPECT_EQ(sent_[MessageType::kRequest], 2);  // to two ranks, once
  say_all(done(Phase::kWrite));
  commit(true);
  EXPECT_EQ(last_type(0), MessageType::kRequest);
  // Who is to stop leaves after the commit only.
  until_captured();
  EXPECT_EQ(last_[0].phase, Phase::kWrite);
  EXPECT_FALSE(last_[0].behind);
  EXPECT_EQ(last_type(0), MessageType::kPhase);
  say_all(done(Phase::kWrite));
  commit(true);
  say_all(done(Phase::kConclude));
  EXPECT_EQ(last_[0].phase, Phase::kLeave);
}

TEST_F(BehindTest, a_script_that_ends_meanwhile_waits_for_the_outcome) {
  start_behind(1);
  trigger();
  until_captured();
  Message ended = message(MessageType::kStatus);
  ended.status.state = RankState::kDone;
  say(0, ended);
  EXPECT_FALSE(quit_);
  say(0, done(Phase::kWrite));
  commit(true);
  EXPECT_TRUE(quit_);
  EXPECT_EQ(last_type(0), MessageType::kExit);
}

TEST_F(BehindTest, snapshot_returns_when_committed_unless_it_says_otherwise) {
  for (const bool wait : {true, false}) {
    start_behind(2);
    Message asked = message(MessageType::kTrigger);
    asked.trigger = {TriggerKind::kApi, "x", false, false};
    asked.number = 1;
    say(0, asked);
    asked.trigger.wait = wait;  // one of them is enough
    say(1, asked);
    Message called = parked();
    called.status.api_calls = 1;
    say_all(called);
    called.type = MessageType::kPrepared;
    say_all(called);
    say_all(done(Phase::kVerify));
    say_all(done(Phase::kCapture));
    EXPECT_EQ(last_type(0), wait ? MessageType::kPhase : MessageType::kResume);
    epoch_ = 0;
  }
}

TEST_F(BehindTest, a_rank_that_has_to_stand_makes_all_stand) {
  start_behind(3);
  trigger();
  come_to_stop();
  say_all(done(Phase::kVerify));
  say(0, done(Phase::kCapture));
  Message stands = done(Phase::kCapture);
  stands.payload = kMustStand;
  say(1, stands);
  say(2, done(Phase::kCapture));
  EXPECT_EQ(last_type(0), MessageType::kPhase);
  EXPECT_EQ(last_[0].phase, Phase::kWrite);
  EXPECT_FALSE(last_[0].behind);
}

TEST_F(BehindTest, an_interval_that_passes_meanwhile_is_left_out) {
  Config config;
  config.write_behind = true;
  config.interval_s = 1;
  start(config, 1);
  clock_ += 1;
  tick();
  until_captured();
  clock_ += 1.5;
  tick();
  say(0, done(Phase::kWrite));
  commit(true);
  EXPECT_EQ(last_type(0), MessageType::kOutcome);
  clock_ += 1;
  tick();
  EXPECT_EQ(last_type(0), MessageType::kRequest);
}

}  // namespace
}  // namespace chkpt::cut
