// SPDX-License-Identifier: BSD-3-Clause
// When a failed snapshot is tried again, and how often its reason is said.
#include "run/retry.hpp"

#include <gtest/gtest.h>

namespace chkpt::run {
namespace {

constexpr const char* kText = "snapshot 7 skipped: `__main__.s -> <socket>` at fit.py:31";

TEST(RetryTest, reason_is_said_three_times_and_then_once_per_interval) {
  Retry retry(600);
  EXPECT_EQ(retry.say(kText, 0), kText);
  EXPECT_EQ(retry.say("snapshot 8 skipped: `__main__.s -> <socket>` at fit.py:40", 1), "");
  int said = 1;
  for (int second = 2; second < 600; ++second) said += retry.say(kText, second).empty() ? 0 : 1;
  EXPECT_EQ(said, 3);
  for (int second = 600; second < 3600; ++second) said += retry.say(kText, second).empty() ? 0 : 1;
  EXPECT_EQ(said, 3 + 5);
  EXPECT_EQ(retry.say(kText, 9999), std::string(kText) + " (3601 times by now)");
}

TEST(RetryTest, another_reason_is_said_at_once) {
  Retry retry(600);
  retry.say(kText, 0);
  EXPECT_EQ(retry.say("snapshot 8 skipped: disk full", 0.1), "snapshot 8 skipped: disk full");
}

TEST(RetryTest, short_intervals_do_not_fill_the_log) {
  Retry retry(0.02);
  int said = 0;
  for (int i = 0; i < 5000; ++i) said += retry.say(kText, i * 0.02).empty() ? 0 : 1;
  EXPECT_EQ(said, 10);  // in 100 s
}

std::vector<int> tries(Retry& retry, double took_s, int until_s) {
  std::vector<int> seconds;
  const cut::Trigger trigger{cut::TriggerKind::kInterval, "", false};
  retry.later(trigger, 0, took_s);
  for (int second = 0; second < until_s; ++second) {
    if (!retry.due(second)) continue;
    EXPECT_FALSE(retry.due(second)) << "asked for twice";
    seconds.push_back(second);
    retry.later(trigger, second, took_s);
  }
  return seconds;
}

TEST(RetryTest, tries_come_ever_more_seldom) {
  Retry retry(600);
  EXPECT_EQ(tries(retry, 0, 200), (std::vector<int>{1, 3, 7, 15, 31, 63, 123, 183}));
  retry.succeeded();
  EXPECT_FALSE(retry.due(1000));
  EXPECT_EQ(tries(retry, 0, 8), (std::vector<int>{1, 3, 7}));
}

TEST(RetryTest, tries_that_take_long_come_seldom) {
  Retry retry(600);
  EXPECT_EQ(tries(retry, 5, 400), (std::vector<int>{100, 200, 300}));
}

}  // namespace
}  // namespace chkpt::run
