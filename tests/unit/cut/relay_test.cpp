// SPDX-License-Identifier: BSD-3-Clause
// What is joined and split on the way between rank 0 and the others: sets of ranks, the tree,
// joined words, relays.
#include "cut/relay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cut/tree.hpp"

namespace chkpt::cut {
namespace {

// ---- sets of ranks, against std::set

RankSet set_of(const std::set<int>& numbers) {
  RankSet set;
  for (const int number : numbers) set.add({number});
  return set;
}

TEST(RankSetTest, behaves_as_a_set_does) {
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::set<int> a, b, sum, difference, both;
    for (int i = 0; i < 12; ++i) a.insert(static_cast<int>(random() % 20));
    for (int i = 0; i < 6; ++i) b.insert(static_cast<int>(random() % 20));
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(sum, sum.end()));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                        std::inserter(difference, difference.end()));
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
    RankSet set = set_of(a);
    EXPECT_EQ(set.within(set_of(b)), set_of(both));
    EXPECT_EQ(set.meets(set_of(b)), !both.empty());
    set.add(set_of(b));
    EXPECT_EQ(set, set_of(sum));
    EXPECT_EQ(set.size(), sum.size());
    set = set_of(a);
    set.remove(set_of(b));
    EXPECT_EQ(set, set_of(difference));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(set.contains(i), difference.count(i) == 1);
  }
}

TEST(RankSetTest, neighbours_are_one_run) {
  EXPECT_EQ((RankSet{3, 1, 2}), RankSet::range(1, 4));
  EXPECT_EQ((RankSet{3, 1, 2}).runs().size(), 1U);
  EXPECT_EQ(text_of({0, 1, 2, 7}), "ranks 0-2, 7");
  EXPECT_EQ(text_of({7}), "rank 7");
}

TEST(RankSetTest, runs_out_of_order_are_refused) {
  RankSet set;
  EXPECT_TRUE(RankSet::from_runs({{0, 2}, {3, 4}}, &set));
  for (const std::vector<RankSet::Run>& runs : std::vector<std::vector<RankSet::Run>>{
           {{3, 4}, {0, 2}}, {{0, 2}, {2, 4}}, {{2, 2}}, {{-1, 2}}}) {
    EXPECT_FALSE(RankSet::from_runs(runs, &set));
  }
}

// ---- the tree

TEST(TreeTest, everybody_is_reached_and_nobody_has_many_children) {
  for (const int fan_out : {1, 2, 32}) {
    for (const std::size_t ranks : {1U, 2U, 33U, 1000U}) {
      std::vector<std::string> nodes;  // dealt out one by one to 7 nodes
      for (std::size_t r = 0; r < ranks; ++r) nodes.push_back(std::to_string(r * 3 % 7));
      const std::vector<TreeNode> tree = make_tree(nodes, fan_out);
      EXPECT_EQ(tree[0].parent, -1);
      EXPECT_EQ(tree[0].below.size(), ranks);
      for (std::size_t r = 0; r < ranks; ++r) {
        std::size_t below = 1;
        EXPECT_LE(tree[r].children.size(), 2U * static_cast<unsigned>(fan_out));
        for (const int child : tree[r].children) {
          EXPECT_EQ(tree[static_cast<std::size_t>(child)].parent, static_cast<int>(r));
          below += tree[static_cast<std::size_t>(child)].below.size();
        }
        EXPECT_EQ(tree[r].below.size(), below);
      }
    }
  }
}

TEST(TreeTest, only_the_leader_of_a_node_has_neighbours_elsewhere) {
  std::vector<std::string> nodes;
  nodes.reserve(100);
  for (int r = 0; r < 100; ++r) nodes.push_back(std::to_string(r / 10));
  const std::vector<TreeNode> tree = make_tree(nodes, 3);
  for (std::size_t r = 1; r < nodes.size(); ++r) {
    if (r % 10 == 0) continue;
    EXPECT_EQ(tree[r].parent / 10, static_cast<int>(r / 10));
  }
}

// ---- joining

Message random_status(int rank, std::mt19937& random) {
  Message message;
  message.type = MessageType::kStatus;
  message.epoch = 1;
  Status& status = message.status;
  status.state = static_cast<RankState>(random() % 4);
  status.eligible = random() % 2 == 0;
  status.clocks = {{"w", random() % 3, {}}};
  if (random() % 2 == 0) status.clocks.push_back({"w/g0.2", random() % 2, {0, 2, rank}});
  if (random() % 2 == 0) status.needs = {{"w", static_cast<int>(random() % 4) - 1, random() % 3}};
  status.sent = random() % 5;
  status.received = random() % 5;
  status.api_calls = random() % 3;
  if (random() % 5 == 0) status.deferral = "MPI_Win_create of " + std::to_string(rank);
  return spoken_by(rank, message);
}

// Needs come in the order of joining, which means nothing.
std::string comparable(Message message) {
  std::sort(message.census.needs.begin(), message.census.needs.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return encode(message);
}

TEST(GatheringTest, statuses_can_be_joined_in_any_order_and_grouping) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<Message> said;
    said.reserve(6);
    for (int rank = 0; rank < 6; ++rank) said.push_back(random_status(rank, random));
    Message one_by_one = said[0];
    for (std::size_t i = 1; i < said.size(); ++i) join(&one_by_one, said[i]);
    std::shuffle(said.begin(), said.end(), random);
    Message left = said[0], right = said[3];
    join(&left, said[1]);
    join(&left, said[2]);
    join(&right, said[4]);
    join(&right, said[5]);
    join(&right, left);
    EXPECT_EQ(comparable(right), comparable(one_by_one));
  }
}

Message report(int rank, bool ok, const std::string& text) {
  Message message;
  message.type = MessageType::kReport;
  message.ok = ok;
  message.text = text;
  return spoken_by(rank, message);
}

TEST(GatheringTest, the_lowest_failing_rank_speaks_for_all) {
  Message all = report(5, false, "fifth");
  join(&all, report(0, true, ""));
  join(&all, report(3, false, "third"));
  join(&all, report(4, false, "fourth"));
  join(&all, report(1, true, ""));
  EXPECT_FALSE(all.ok);
  EXPECT_EQ(all.ranks.size(), 5U);
  ASSERT_EQ(all.answers.size(), 2U);
  EXPECT_EQ(all.answers[0].text, "third");
  EXPECT_EQ(all.answers[0].ranks, RankSet{3});
  EXPECT_EQ(all.answers[1].ranks, (RankSet{0, 1}));
}

TEST(GatheringTest, an_order_is_split_by_those_it_is_for) {
  Message order;
  order.type = MessageType::kAdvance;
  order.targets = {{TargetKind::kClock, "w", -1, 4, RankSet::range(0, 10)},
                   {TargetKind::kChannel, "w", 1, 2, {12}}};
  const auto part = part_for(order, RankSet::range(8, 12));
  ASSERT_TRUE(part.has_value());
  ASSERT_EQ(part->targets.size(), 1U);
  EXPECT_EQ(part->targets[0].ranks, (RankSet{8, 9}));
  EXPECT_FALSE(part_for(order, {20}).has_value());
  order.type = MessageType::kWhy;
  order.ranks = {3, 4};
  EXPECT_EQ(part_for(order, RankSet::range(4, 8))->ranks, RankSet{4});
  EXPECT_FALSE(part_for(order, {5}).has_value());
  order.ranks = {};
  EXPECT_TRUE(part_for(order, {5}).has_value());
}

// ---- relays: of ranks 4, 5, and 6 to 8 together

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() : relay_({{4}, {5}, RankSet::range(6, 9)}) {}

  void order(MessageType type, Phase phase = Phase::kVerify) {
    Message message;
    message.type = type;
    message.epoch = 1;
    message.phase = phase;
    relay_.from_above(message);
  }
  static Message word(MessageType type, bool eligible) {
    Message message;
    message.type = type;
    message.epoch = 1;
    message.status.eligible = eligible;
    message.status.state = eligible ? RankState::kParked : RankState::kRunning;
    message.ok = eligible || type != MessageType::kPrepared;
    return message;
  }
  static Message of_three(MessageType type, bool eligible) {
    Message all = spoken_by(6, word(type, eligible));
    join(&all, spoken_by(7, word(type, eligible)));
    join(&all, spoken_by(8, word(type, eligible)));
    return all;
  }
  void all_say(MessageType type, bool eligible) {
    relay_.from_below(0, word(type, eligible));
    relay_.from_below(1, word(type, eligible));
    relay_.from_below(2, of_three(type, eligible));
  }
  std::vector<Message> take() { return relay_.take(now_); }

  Relay relay_;
  double now_ = 10;
};

TEST_F(RelayTest, statuses_go_up_in_one_piece_when_all_have_spoken) {
  order(MessageType::kRequest);
  relay_.from_below(0, word(MessageType::kStatus, true));
  relay_.from_below(1, word(MessageType::kStatus, false));
  EXPECT_TRUE(take().empty());
  relay_.from_below(2, of_three(MessageType::kStatus, true));
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].census.ranks, RankSet::range(4, 9));
  EXPECT_EQ(up[0].census.eligible, (RankSet{4, 6, 7, 8}));
  EXPECT_TRUE(take().empty());
}

TEST_F(RelayTest, a_changed_status_waits_for_others_unless_it_was_the_last_to_stand) {
  order(MessageType::kRequest);
  all_say(MessageType::kStatus, false);
  take();
  relay_.from_below(0, word(MessageType::kStatus, true));
  EXPECT_TRUE(take().empty());
  ASSERT_TRUE(relay_.next_wakeup().has_value());
  now_ = *relay_.next_wakeup();
  EXPECT_EQ(take().size(), 1U);
  all_say(MessageType::kStatus, true);
  EXPECT_EQ(take().size(), 1U);
  EXPECT_FALSE(relay_.next_wakeup().has_value());
}

TEST_F(RelayTest, who_does_not_speak_does_not_hide_the_others) {
  order(MessageType::kRequest);
  relay_.from_below(0, word(MessageType::kStatus, true));
  EXPECT_TRUE(take().empty());
  ASSERT_TRUE(relay_.next_wakeup().has_value());
  now_ = *relay_.next_wakeup();
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].ranks, RankSet{4});
}

TEST_F(RelayTest, an_object_that_cannot_be_saved_is_told_at_once) {
  order(MessageType::kRequest);
  Message status = word(MessageType::kStatus, false);
  status.status.deferral = "MPI_Win_create";
  relay_.from_below(1, status);
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].census.deferring_rank, 5);
}

// What was said before everybody froze must not count after it.
TEST_F(RelayTest, statuses_that_were_held_back_are_dropped_at_prepare) {
  order(MessageType::kRequest);
  all_say(MessageType::kStatus, false);
  take();
  relay_.from_below(0, word(MessageType::kStatus, true));
  EXPECT_TRUE(take().empty());
  order(MessageType::kPrepare);
  all_say(MessageType::kPrepared, true);
  std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].type, MessageType::kPrepared);
  EXPECT_TRUE(up[0].ok);
  order(MessageType::kUnfreeze);
  now_ += 1;
  EXPECT_TRUE(take().empty());
  all_say(MessageType::kStatus, true);
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(RelayTest, one_rank_that_would_not_freeze_speaks_for_all) {
  order(MessageType::kRequest);
  order(MessageType::kPrepare);
  relay_.from_below(0, word(MessageType::kPrepared, false));
  relay_.from_below(1, word(MessageType::kPrepared, true));
  EXPECT_TRUE(take().empty());
  relay_.from_below(2, of_three(MessageType::kPrepared, true));
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_FALSE(up[0].ok);
}

TEST_F(RelayTest, reports_of_another_phase_do_not_count) {
  order(MessageType::kRequest);
  order(MessageType::kPhase, Phase::kCapture);
  all_say(MessageType::kReport, true);  // of the verification
  EXPECT_TRUE(take().empty());
}

TEST_F(RelayTest, freed_communicators_are_added_up_and_told_before_statuses) {
  order(MessageType::kRequest);
  Message freed;
  freed.type = MessageType::kFreedComms;
  freed.freed = {{"w/1:4", 2, 1}};
  take();
  relay_.from_below(0, freed);
  relay_.from_below(1, freed);
  all_say(MessageType::kStatus, true);
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 2U);
  ASSERT_EQ(up[0].freed.size(), 1U);
  EXPECT_EQ(up[0].freed[0].by, 2);
  EXPECT_EQ(up[1].type, MessageType::kStatus);
}

TEST_F(RelayTest, one_signal_to_all_is_one_message_and_a_second_to_one_another) {
  Message signal;
  signal.type = MessageType::kTrigger;
  signal.trigger = {TriggerKind::kSignal, "", true};
  signal.number = kFromOutside;
  relay_.from_below(0, signal);
  relay_.from_below(1, signal);
  EXPECT_EQ(take().size(), 1U);
  now_ += 1;
  relay_.from_below(0, signal);
  relay_.from_below(0, signal);
  EXPECT_EQ(take().size(), 2U);
}

TEST_F(RelayTest, ended_scripts_are_told_outside_cuts_too) {
  Message ended = word(MessageType::kStatus, false);
  ended.status.state = RankState::kDone;
  relay_.from_below(0, ended);
  relay_.from_below(1, ended);
  const std::vector<Message> up = take();
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].census.done, (RankSet{4, 5}));
}

}  // namespace
}  // namespace chkpt::cut
