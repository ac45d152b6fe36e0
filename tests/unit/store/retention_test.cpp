// SPDX-License-Identifier: BSD-3-Clause
// Which snapshots are kept, which no longer count, and which one a restart goes back to.
#include "store/run_directory.hpp"

#include <gmock/gmock.h>

#include "store/walk_back.hpp"
#include "unit/store/snapshot_fixture.hpp"

namespace chkpt::store {
namespace {

using ::testing::ElementsAre;

class RetentionTest : public StoreTest {};

TEST_F(RetentionTest, retention_keeps_the_newest_good_ones) {
  RunDirectory run = open_run();
  const Generation first = run.claim("job 1");
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) commit_snapshot(run, first, epoch);
  run.begin(4, kRunId, 2, first);  // killed while writing
  const Generation generation = run.claim("job 1 again");
  EXPECT_TRUE(run.retain(5, {}).empty());
  for (std::uint64_t epoch = 5; epoch <= 7; ++epoch) commit_snapshot(run, generation, epoch);
  const SnapshotDir pending = run.begin(8, kRunId, 2, generation);
  EXPECT_EQ(run.retain(2, {2}).size(), 4U);  // 5, 3, 1 and what 4 left
  EXPECT_THAT(committed(), ElementsAre(7, 6, 2));
  EXPECT_EQ(::access(pending.path().c_str(), F_OK), 0);
}

TEST_F(RetentionTest, suspect_and_damaged_snapshots_do_not_count) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  for (std::uint64_t epoch = 1; epoch <= 4; ++epoch) commit_snapshot(run, generation, epoch);
  run.note_resume_attempt(4);
  EXPECT_FALSE(run.suspect(4));
  run.note_resume_attempt(4);
  EXPECT_TRUE(run.suspect(4));
  const std::string third = run.snapshots()[1].path;
  ASSERT_EQ(::unlink((third + "/rank-00000.h5").c_str()), 0);
  run.retain(2, {});
  EXPECT_THAT(committed(), ElementsAre(4, 2, 1));
  commit_snapshot(run, generation, 5);
  EXPECT_TRUE(run.suspect(4));  // a commit forgets attempts, not a suspicion
  run.retain(2, {});
  EXPECT_THAT(committed(), ElementsAre(5, 4, 2));
}

TEST_F(RetentionTest, what_files_no_longer_fit_is_set_aside) {
  RunDirectory run = open_run();
  const Generation first = run.claim("job 1");
  for (std::uint64_t epoch = 1; epoch <= 4; ++epoch) commit_snapshot(run, first, epoch);
  const Generation second = run.claim("job 1 again");
  EXPECT_THAT(run.set_newer_aside(2, second), ElementsAre(4, 3));
  EXPECT_THAT(committed(), ElementsAre(2, 1));
  EXPECT_EQ(WalkBack(run).candidate()->epoch, 2U);
  EXPECT_EQ(run.highest_epoch(), 4U);
  commit_snapshot(run, second, 5);
  EXPECT_EQ(run.retain(1, {}).size(), 4U);
}

TEST_F(RetentionTest, a_fresh_start_supersedes_what_was_there) {
  RunDirectory run = open_run();
  const Generation first = run.claim("job 1");
  commit_snapshot(run, first, 1);
  commit_snapshot(run, first, 2);
  const Generation second = run.claim("job 2");
  run.start_afresh(second);
  EXPECT_EQ(run.snapshots()[0].state, SnapshotState::kSuperseded);
  EXPECT_EQ(WalkBack(run).candidate(), nullptr);
  EXPECT_TRUE(run.retain(1, {}).empty());  // nothing newer yet
  const Generation third = run.claim("job 2 restarted");
  EXPECT_EQ(WalkBack(run).candidate(), nullptr);
  commit_snapshot(run, third, run.highest_epoch() + 1);
  ASSERT_NE(WalkBack(run).candidate(), nullptr);
  EXPECT_EQ(WalkBack(run).candidate()->epoch, 3U);
  EXPECT_EQ(run.retain(2, {}).size(), 2U);
  EXPECT_THAT(committed(), ElementsAre(3));
}

TEST_F(RetentionTest, retention_never_removes_the_newest) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  commit_snapshot(run, generation, 1);
  commit_snapshot(run, generation, 2);
  run.retain(0, {});
  EXPECT_THAT(committed(), ElementsAre(2));
}

TEST_F(RetentionTest, one_attempt_before_a_commit_is_forgotten) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  commit_snapshot(run, generation, 1);
  run.note_resume_attempt(1);
  commit_snapshot(run, generation, 2);
  run.note_resume_attempt(1);
  EXPECT_FALSE(run.suspect(1));
}

TEST_F(RetentionTest, walks_back_past_what_cannot_be_used) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  commit_snapshot(run, generation, 1);
  commit_snapshot(run, generation, 2);
  const std::string damaged = commit_snapshot(run, generation, 4);
  commit_snapshot(run, generation, 5);
  run.begin(6, kRunId, 2, generation);
  run.note_resume_attempt(5);
  run.note_resume_attempt(5);
  overwrite(run.path() + "/" + damaged + "/MANIFEST", "nonsense");

  WalkBack walk(run);
  ASSERT_NE(walk.candidate(), nullptr);
  EXPECT_EQ(walk.candidate()->epoch, 2U);
  walk.reject("rank 1: damaged");
  EXPECT_EQ(walk.candidate()->epoch, 1U);
  walk.reject("rank 0: damaged");
  ASSERT_NE(walk.candidate(), nullptr);
  EXPECT_EQ(walk.candidate()->epoch, 5U);
  walk.reject("rank 0: damaged");
  EXPECT_EQ(walk.candidate(), nullptr);
  EXPECT_THAT(walk.passed_over(), ElementsAre("snapshot 4 passed over: MANIFEST: cut short",
                                              "snapshot 2 passed over: rank 1: damaged",
                                              "snapshot 1 passed over: rank 0: damaged",
                                              "snapshot 5 passed over: rank 0: damaged"));
}

TEST_F(RetentionTest, the_one_epoch_asked_for_is_not_passed_over_in_silence) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  commit_snapshot(run, generation, 1);
  commit_snapshot(run, generation, 2);
  run.begin(3, kRunId, 2, generation);
  EXPECT_EQ(WalkBack(run, 1).candidate()->epoch, 1U);
  const WalkBack unfinished(run, 3);
  EXPECT_EQ(unfinished.candidate(), nullptr);
  EXPECT_THAT(unfinished.passed_over(), ElementsAre("snapshot 3 passed over: was not committed"));
  const WalkBack unknown(run, 7);
  EXPECT_EQ(unknown.candidate(), nullptr);
  EXPECT_TRUE(unknown.passed_over().empty());
}

}  // namespace
}  // namespace chkpt::store
