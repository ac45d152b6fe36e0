// SPDX-License-Identifier: BSD-3-Clause
#include "cut/message.hpp"

#include <gtest/gtest.h>

#include "cut/link.hpp"

namespace chkpt::cut {
namespace {

Message full_message() {
  Message message;
  message.type = MessageType::kStatus;
  message.epoch = 7;
  message.number = 8;
  message.ok = false;
  message.seconds = 0.25;
  message.unix_ns = -5;
  message.phase = Phase::kWrite;
  message.trigger = {TriggerKind::kApi, "iter9", true};
  message.text = "text";
  message.payload = std::string("pay\0load", 8);
  message.behind = true;
  message.status.state = RankState::kBlocked;
  message.status.eligible = true;
  message.status.needs = {{"w/1:0", 3, 4}, {"w", -1, 9}, {"w", 2, 1, 77, 5}};
  message.status.clocks = {{"w", 11, {}}, {"w/g0.1", 2, {0, 1}}};
  message.status.sent = 1;
  message.status.received = 2;
  message.status.api_calls = 3;
  message.status.deferral = "MPI_Win_create";
  message.status.call = "MPI_Recv";
  message.ranks = {4, 5, 6, 9};
  message.census = census_of(4, message.status);
  message.census.deferral = "MPI_File_open";
  message.answers = {{{4, 5}, false, "text", "payload"}};
  message.targets = {{TargetKind::kClock, "w", -1, kFreed, {0, 2}}};
  message.freed = {{"w/2:0", 4, 3}};
  return message;
}

TEST(MessageTest, every_field_survives) {
  const Message original = full_message();
  Message copy;
  ASSERT_TRUE(decode(encode(original), &copy));
  EXPECT_EQ(encode(copy), encode(original));
  EXPECT_EQ(copy.payload.size(), 8U);
  EXPECT_EQ(copy.status.needs[1].source, -1);
  EXPECT_EQ(copy.status.needs[2].awaited, 77U);
  EXPECT_EQ(copy.status.needs[2].tag, 5);
  EXPECT_EQ(copy.status.clocks[1].members, (std::vector<int>{0, 1}));
  EXPECT_EQ(copy.targets[0].value, kFreed);
  EXPECT_EQ(copy.targets[0].ranks, (RankSet{0, 2}));
  EXPECT_EQ(copy.freed[0].members, 4);
  EXPECT_EQ(copy.ranks, (RankSet{4, 5, 6, 9}));
  EXPECT_EQ(copy.census.clocks["w/g0.1"].members, (RankSet{0, 1}));
  EXPECT_EQ(copy.answers[0].ranks, (RankSet{4, 5}));
  EXPECT_TRUE(copy.trigger.stop);
  EXPECT_TRUE(copy.behind);
}

TEST(MessageTest, every_truncation_is_refused) {
  const std::string bytes = encode(full_message());
  Message message;
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode(bytes.substr(0, n), &message)) << n;
  }
  EXPECT_FALSE(decode(bytes + "x", &message));
}

TEST(LinkTest, messages_arrive_whole_and_in_order) {
  auto [here, there] = make_link_pair();
  Message message = full_message();
  for (std::uint64_t i = 0; i < 50; ++i) {
    message.epoch = i;
    ASSERT_TRUE(here.send(message));
  }
  std::vector<Message> got;
  ASSERT_TRUE(there.receive(&got));
  ASSERT_EQ(got.size(), 50U);
  for (std::uint64_t i = 0; i < 50; ++i) EXPECT_EQ(got[i].epoch, i);
  here.close();
  EXPECT_FALSE(there.receive(&got));
}

}  // namespace
}  // namespace chkpt::cut
