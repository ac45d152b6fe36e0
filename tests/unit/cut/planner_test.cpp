// SPDX-License-Identifier: BSD-3-Clause
#include "cut/planner.hpp"

#include <gtest/gtest.h>

namespace chkpt::cut {
namespace {

Status parked(std::vector<ClockValue> clocks = {}) {
  Status status;
  status.state = RankState::kParked;
  status.eligible = true;
  status.clocks = std::move(clocks);
  return status;
}

Status blocked(const std::string& call, std::vector<ChannelNeed> needs, bool restartable = false) {
  Status status;
  status.state = RankState::kBlocked;
  status.eligible = restartable;
  status.call = call;
  status.needs = std::move(needs);
  status.clocks = {{"w", 0, {}}};
  return status;
}

// The planner with ranks that speak one by one and hear their own targets.
struct RankPlan {
  std::vector<std::vector<Target>> advance;
  bool ready = false;
  std::vector<bool> must_run;
};

class RankPlanner {
 public:
  explicit RankPlanner(std::size_t ranks) : ranks_(ranks) {}
  RankPlan plan(const std::vector<Status>& statuses, bool wait_for_api) {
    const Plan plan = planner_.plan(joined(statuses), wait_for_api);
    RankPlan split{std::vector<std::vector<Target>>(ranks_), plan.ready, {}};
    for (std::size_t r = 0; r < ranks_; ++r) {
      const int rank = static_cast<int>(r);
      for (const Target& target : plan.advance) {
        if (target.ranks.contains(rank)) split.advance[r].push_back(target);
      }
      split.must_run.push_back(plan.must_run.contains(rank));
    }
    return split;
  }
  bool holds(const std::vector<Status>& statuses) const { return planner_.holds(joined(statuses)); }
  void begin_epoch() { planner_.begin_epoch(); }
  void freed(const std::vector<Freed>& comms) { planner_.freed(comms); }

 private:
  static Census joined(const std::vector<Status>& statuses) {
    Census all;
    for (std::size_t r = 0; r < statuses.size(); ++r) {
      join(&all, census_of(static_cast<int>(r), statuses[r]));
    }
    return all;
  }
  std::size_t ranks_;
  Planner planner_;
};

const Target* only_target(const RankPlan& plan, std::size_t rank) {
  return plan.advance[rank].size() == 1 ? &plan.advance[rank][0] : nullptr;
}

TEST(PlannerTest, all_parked_with_equal_clocks_is_a_cut) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w", 4, {}}}), parked({{"w", 4, {}}})};
  EXPECT_TRUE(planner.plan(statuses, false).ready);
  EXPECT_TRUE(planner.holds(statuses));
}

TEST(PlannerTest, a_message_in_flight_is_no_cut) {
  RankPlanner planner(2);
  std::vector<Status> statuses{parked(), parked()};
  statuses[0].sent = 3;
  statuses[1].received = 2;
  EXPECT_FALSE(planner.plan(statuses, false).ready);
  EXPECT_FALSE(planner.holds(statuses));
  statuses[1].received = 3;
  EXPECT_TRUE(planner.plan(statuses, false).ready);
}

TEST(PlannerTest, a_rank_behind_in_collectives_is_told_once_how_far_to_run) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w", 7, {}}}), parked({{"w", 5, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_FALSE(plan.ready);
  EXPECT_TRUE(plan.must_run[1]);
  EXPECT_FALSE(plan.must_run[0]);
  const Target* target = only_target(plan, 1);
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->kind, TargetKind::kClock);
  EXPECT_EQ(target->value, 7U);
  EXPECT_TRUE(planner.plan(statuses, false).advance[1].empty());
  EXPECT_FALSE(planner.holds(statuses));
}

TEST(PlannerTest, a_new_epoch_asks_again) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w", 7, {}}}), parked({{"w", 5, {}}})};
  planner.plan(statuses, false);
  planner.begin_epoch();
  EXPECT_EQ(planner.plan(statuses, false).advance[1].size(), 1U);
}

TEST(PlannerTest, clocks_of_a_subcommunicator_concern_its_members_only) {
  RankPlanner planner(3);
  const std::vector<Status> statuses{parked({{"w", 1, {}}, {"w/1:0", 9, {}}}),
                                     parked({{"w", 1, {}}, {"w/1:0", 8, {}}}),
                                     parked({{"w", 1, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_EQ(plan.advance[1].size(), 1U);
  EXPECT_TRUE(plan.advance[2].empty());
}

TEST(PlannerTest, a_blocked_receiver_lets_its_sender_run_until_one_more_message) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w", 0, {}}}),
                                     blocked("MPI_Sendrecv", {{"w", 0, 12}})};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_FALSE(plan.ready);
  const Target* target = only_target(plan, 0);
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->kind, TargetKind::kChannel);
  EXPECT_EQ(target->peer, 1);
  EXPECT_EQ(target->value, 13U);
}

TEST(PlannerTest, a_synchronous_sender_lets_its_receiver_run_until_the_script_has_the_message) {
  RankPlanner planner(3);
  const ChannelNeed awaited{"w", 0, 2, 77, 5};
  std::vector<Status> statuses{parked({{"w", 0, {}}}), blocked("MPI_Wait", {awaited}),
                               parked({{"w", 0, {}}})};
  RankPlan plan = planner.plan(statuses, false);
  const Target* target = only_target(plan, 0);
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->kind, TargetKind::kReception);
  EXPECT_EQ(target->peer, 1);
  EXPECT_EQ(target->value, 2U);
  EXPECT_EQ(target->tag, 5);
  EXPECT_TRUE(plan.advance[2].empty());
  statuses[1].needs[0].have = 3;  // it has sent another message with that tag
  EXPECT_TRUE(planner.plan(statuses, false).advance[0].empty());
  statuses[1].needs[0].awaited = 78;
  EXPECT_NE(only_target(planner.plan(statuses, false), 0), nullptr);
}

TEST(PlannerTest, a_script_that_has_ended_is_not_asked_to_receive) {
  RankPlanner planner(2);
  std::vector<Status> statuses{parked({{"w", 0, {}}}), blocked("MPI_Wait", {{"w", 0, 0, 1, 5}})};
  statuses[0].state = RankState::kDone;
  EXPECT_TRUE(planner.plan(statuses, false).advance[0].empty());
}

TEST(PlannerTest, a_restartable_receiver_needs_nobody) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w", 0, {}}}),
                                     blocked("MPI_Recv", {{"w", 0, 12}}, true)};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_TRUE(plan.ready);
  EXPECT_TRUE(plan.advance[0].empty());
}

TEST(PlannerTest, a_restartable_receiver_that_is_behind_demands_its_message) {
  RankPlanner planner(2);
  std::vector<Status> statuses{parked({{"w", 3, {}}}), blocked("MPI_Recv", {{"w", 0, 0}}, true)};
  RankPlan plan = planner.plan(statuses, false);
  EXPECT_FALSE(plan.ready);
  EXPECT_TRUE(plan.advance[0].empty());
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->kind, TargetKind::kClock);
  statuses[1].eligible = false;  // it has heard of that
  plan = planner.plan(statuses, false);
  ASSERT_NE(only_target(plan, 0), nullptr);
  EXPECT_EQ(only_target(plan, 0)->kind, TargetKind::kChannel);
}

TEST(PlannerTest, a_wait_for_anybody_asks_all_members_when_nothing_else_can_come) {
  RankPlanner planner(3);
  std::vector<Status> statuses{blocked("MPI_Sendrecv", {{"w", -1, 0}}), parked({{"w", 0, {}}}),
                               parked({{"w", 0, {}}})};
  statuses[1].sent = 1;  // a message is on its way: wait for it
  EXPECT_TRUE(planner.plan(statuses, false).advance[2].empty());
  statuses[0].received = 1;
  const RankPlan plan = planner.plan(statuses, false);
  for (const std::size_t r : {1, 2}) {
    ASSERT_NE(only_target(plan, r), nullptr);
    EXPECT_EQ(only_target(plan, r)->kind, TargetKind::kAny);
  }
  EXPECT_TRUE(plan.advance[0].empty());
}

TEST(PlannerTest, a_wait_for_anybody_is_taken_back_when_it_is_over) {
  RankPlanner planner(2);
  std::vector<Status> statuses{blocked("MPI_Sendrecv", {{"w", -1, 0}}), parked({{"w", 0, {}}})};
  planner.plan(statuses, false);
  statuses[0] = parked({{"w", 0, {}}});
  statuses[1].state = RankState::kRunning;  // it is on its way, as asked
  statuses[1].eligible = false;
  const RankPlan plan = planner.plan(statuses, false);
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->kind, TargetKind::kAnyCancel);
}

TEST(PlannerTest, members_run_on_for_as_long_as_a_thread_of_another_rank_acts_on_a_communicator) {
  RankPlanner planner(3);
  Status running;
  running.clocks = {{"w", 0, {}}};
  running.needs = {{"w/1:0", -1, kOnItsOwn}};
  // Rank 2 has not made the communicator yet.
  std::vector<Status> statuses{running, parked({{"w", 0, {}}, {"w/1:0", 0, {}}}),
                               parked({{"w", 0, {}}})};
  RankPlan plan = planner.plan(statuses, false);
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->kind, TargetKind::kAny);
  EXPECT_EQ(only_target(plan, 1)->value, kOnItsOwn);
  EXPECT_TRUE(plan.advance[2].empty());
  statuses[2].clocks.push_back({"w/1:0", 0, {}});
  plan = planner.plan(statuses, false);
  EXPECT_TRUE(plan.advance[1].empty());
  ASSERT_NE(only_target(plan, 2), nullptr);
  EXPECT_EQ(only_target(plan, 2)->kind, TargetKind::kAny);
  statuses[0] = parked({{"w", 0, {}}});
  statuses[1].eligible = false;
  plan = planner.plan(statuses, false);
  for (const std::size_t r : {1, 2}) {
    ASSERT_NE(only_target(plan, r), nullptr);
    EXPECT_EQ(only_target(plan, r)->kind, TargetKind::kAnyCancel);
  }
}

TEST(PlannerTest, a_rank_inside_a_collective_does_not_keep_a_wait_for_anybody_from_being_served) {
  RankPlanner planner(3);
  Status in_barrier;
  in_barrier.clocks = {{"w", 1, {}}};
  in_barrier.call = "MPI_Barrier";
  const std::vector<Status> statuses{blocked("MPI_Recv", {{"w", -1, 0}}), in_barrier,
                                     parked({{"w", 0, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  bool asked = false;
  for (const Target& target : plan.advance[2]) asked = asked || target.kind == TargetKind::kAny;
  EXPECT_TRUE(asked);
}

TEST(PlannerTest, a_running_rank_may_still_send_so_nobody_is_asked) {
  RankPlanner planner(3);
  Status running;
  running.clocks = {{"w", 0, {}}};
  const std::vector<Status> statuses{blocked("MPI_Recv", {{"w", -1, 0}}), running,
                                     parked({{"w", 0, {}}})};
  EXPECT_TRUE(planner.plan(statuses, false).advance[2].empty());
}

TEST(PlannerTest, a_polling_rank_is_waiting_too) {
  RankPlanner planner(2);
  Status polling;
  polling.clocks = {{"w", 0, {}}};
  polling.needs = {{"w", 1, 5}};
  const std::vector<Status> statuses{polling, parked({{"w", 0, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->value, 6U);
}

TEST(PlannerTest, members_of_a_joint_clock_that_do_not_know_it_are_behind) {
  RankPlanner planner(3);
  Status inside;
  inside.clocks = {{"w", 0, {}}, {"w/g0.2", 1, {0, 2}}};
  const std::vector<Status> statuses{inside, parked({{"w", 0, {}}}), parked({{"w", 0, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_TRUE(plan.advance[1].empty());
  ASSERT_NE(only_target(plan, 2), nullptr);
  EXPECT_EQ(only_target(plan, 2)->comm, "w/g0.2");
}

TEST(PlannerTest, a_joint_clock_both_know_is_compared_by_value) {
  RankPlanner planner(2);
  const std::vector<Status> statuses{parked({{"w/g0.1", 2, {0, 1}}}),
                                     parked({{"w/g0.1", 2, {0, 1}}})};
  EXPECT_TRUE(planner.plan(statuses, false).ready);
}

TEST(PlannerTest, a_communicator_freed_by_one_must_be_freed_by_all) {
  RankPlanner planner(2);
  planner.freed({{"w/1:0", 2, 1}});
  std::vector<Status> statuses{parked({{"w", 1, {}}}), parked({{"w", 1, {}}, {"w/1:0", 4, {}}})};
  const RankPlan plan = planner.plan(statuses, false);
  EXPECT_FALSE(plan.ready);
  EXPECT_FALSE(planner.holds(statuses));
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->value, kFreed);
  planner.freed({{"w/1:0", 2, 1}});
  statuses[1] = parked({{"w", 1, {}}});
  EXPECT_TRUE(planner.plan(statuses, false).ready);
}

TEST(PlannerTest, snapshot_calls_are_waited_for_and_then_let_go) {
  RankPlanner planner(2);
  std::vector<Status> statuses{parked(), parked()};
  statuses[0].api_calls = 3;
  statuses[1].api_calls = 2;
  RankPlan plan = planner.plan(statuses, true);
  EXPECT_FALSE(plan.ready);
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->value, 3U);
  plan = planner.plan(statuses, false);
  ASSERT_NE(only_target(plan, 1), nullptr);
  EXPECT_EQ(only_target(plan, 1)->kind, TargetKind::kApi);
  EXPECT_EQ(only_target(plan, 1)->value, 0U);
  EXPECT_TRUE(plan.ready);
}

TEST(PlannerTest, a_finished_rank_is_not_asked_to_call_snapshot) {
  RankPlanner planner(2);
  std::vector<Status> statuses{parked(), parked()};
  statuses[0].api_calls = 1;
  statuses[1].state = RankState::kDone;
  const RankPlan plan = planner.plan(statuses, true);
  EXPECT_TRUE(plan.advance[1].empty());
  EXPECT_TRUE(plan.ready);
}

}  // namespace
}  // namespace chkpt::cut
