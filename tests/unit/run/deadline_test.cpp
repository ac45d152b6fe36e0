// SPDX-License-Identifier: BSD-3-Clause
#include "run/deadline.hpp"

#include <cstdlib>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/launch_check.hpp"
#include "run/slurm.hpp"

namespace chkpt::run {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStart = 1'000'000;
constexpr std::int64_t kEnd = kStart + 3600;

TEST(DeadlineTest, a_job_without_end_is_never_due) {
  const Deadline deadline(std::nullopt, kStart, 30);
  EXPECT_FALSE(deadline.due(kStart + 1'000'000));
  EXPECT_FALSE(deadline.start_of_last());
  EXPECT_EQ(deadline.text(kStart), "no time limit to plan for");
}

TEST(DeadlineTest, what_is_not_measured_takes_a_minute_at_most) {
  EXPECT_EQ(Deadline(kEnd, kStart, 30).start_of_last(), kEnd - 90);
  EXPECT_EQ(Deadline(kStart + 100, kStart, 30).start_of_last(), kStart + 100 - 40);
}

TEST(DeadlineTest, twice_the_slowest_snapshot_is_set_aside) {
  Deadline deadline(kEnd, kStart, 30);
  deadline.note_snapshot(100);
  deadline.note_snapshot(7);
  EXPECT_EQ(deadline.start_of_last(), kEnd - 230);
  EXPECT_FALSE(deadline.due(kEnd - 231));
  EXPECT_TRUE(deadline.due(kEnd - 230));
  EXPECT_TRUE(deadline.due(kEnd + 5));
}

TEST(DeadlineTest, a_moved_end_moves_the_plan) {
  Deadline deadline(kEnd, kStart, 30);
  deadline.note_snapshot(1);
  ASSERT_TRUE(deadline.due(kEnd - 10));
  deadline.move_end(kEnd + 600);
  EXPECT_FALSE(deadline.due(kEnd - 10));
}

TEST(DeadlineTest, the_plan_can_be_read) {
  Deadline deadline(kEnd, kStart, 30);
  EXPECT_THAT(deadline.text(kStart), HasSubstr("not measured yet"));
  deadline.note_snapshot(5);
  EXPECT_THAT(deadline.text(kStart), HasSubstr("(10 s for it, margin 30 s)"));
}

TEST(SlurmAnswerTest, squeue_times_are_local) {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  EXPECT_EQ(slurm::read_end({true, "2026-11-22T14:00:00"}), 1795348800);
  ::unsetenv("TZ");
  ::tzset();
}

TEST(SlurmAnswerTest, what_is_no_time_is_no_end) {
  for (const char* text : {"", "N/A", "NONE", "14:00", "2026-11-22T14:00:00+2"}) {
    EXPECT_FALSE(slurm::read_end({true, text})) << text;
  }
  EXPECT_FALSE(slurm::read_end({false, "2026-11-22T14:00:00"}));
}

TEST(LaunchCheckTest, names_the_node_with_another_version) {
  EXPECT_EQ(version_mismatch({"n1\nchkpt 1", "n2\nchkpt 1"}), "");
  EXPECT_EQ(version_mismatch({"n1\nchkpt 1", "n1\nchkpt 1", "n2\nchkpt 2"}),
            "different programs were started: chkpt 1 on n1, chkpt 2 on n2");
}

}  // namespace
}  // namespace chkpt::run
