// SPDX-License-Identifier: BSD-3-Clause
#include "run/messages.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace chkpt::run {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class MessagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

TEST_F(MessagesTest, committed_says_ranks_size_times_and_rate) {
  const SnapshotTimes times{0.003, 0.080, 0.5};
  EXPECT_EQ(committed_message(8, 4, 1'200'000'000, times),
            "snapshot 8 committed: 4 ranks, 1.2 GB, cut 3.0 ms, blocked 80 ms, 2.4 GB/s");
}

TEST_F(MessagesTest, committed_speaks_of_one_rank_in_the_singular) {
  EXPECT_NE(committed_message(1, 1, 1, {}).find("1 rank,"), std::string::npos);
}

TEST_F(MessagesTest, skipped_names_the_rank_only_when_there_are_several) {
  EXPECT_EQ(skipped_message(9, "`x -> <socket.socket>` at fit.py:31", 2, 4),
            "snapshot 9 skipped: `x -> <socket.socket>` at fit.py:31 on rank 2");
  EXPECT_EQ(skipped_message(9, "no", 0, 1), "snapshot 9 skipped: no");
}

TEST_F(MessagesTest, resumed_gives_the_time_and_the_writer) {
  const std::int64_t written = 1'700'000'000 * kSecond;  // 2023-11-14 22:13:20 UTC
  EXPECT_EQ(resumed_message(7, written, "job 42", written + 60 * kSecond),
            "resumed from epoch 7 of 22:13:20, written by job 42");
  EXPECT_EQ(resumed_message(7, written, "job 42", written + 86400 * kSecond),
            "resumed from epoch 7 of 2023-11-14 22:13:20, written by job 42");
}

}  // namespace
}  // namespace chkpt::run
