// SPDX-License-Identifier: BSD-3-Clause
#include "cut/planner.hpp"

#include <algorithm>

namespace chkpt::cut {
namespace {

// Who has the clock. A member that has not made its first call does not know a joint one.
RankSet members_of(const ClockCensus& clock) {
  RankSet members = clock.members;
  for (const auto& [value, ranks] : clock.at) members.add(ranks);
  return members;
}

}  // namespace

void Planner::begin_epoch() {
  clock_asked_.clear();
  channel_asked_.clear();
  reception_asked_.clear();
  any_asked_.clear();
  api_asked_ = 0;
}

void Planner::freed(const std::vector<Freed>& comms) {
  for (const Freed& comm : comms) {
    auto& entry = freed_[comm.id];
    entry.second = comm.members;
    entry.first += comm.by;
    if (entry.first >= comm.members) freed_.erase(comm.id);
  }
}

Plan Planner::plan(const Census& census, bool wait_for_api) {
  Plan plan;
  plan.must_run = census.ranks;
  plan.must_run.remove(census.eligible);
  ask_clocks(census, &plan);
  ask_api(census, wait_for_api, &plan);
  plan.ready = census.in_flight == 0 && plan.must_run.empty();
  if (!plan.ready) {
    ask_senders(census, &plan);
    ask_anybody(census, &plan);
  }
  return plan;
}

bool Planner::holds(const Census& census) const {
  return census.in_flight == 0 && census.eligible == census.ranks &&
         std::all_of(census.clocks.begin(), census.clocks.end(), [this](const auto& entry) {
           return behind(entry.first, entry.second).empty();
         });
}

std::uint64_t Planner::goal_of(const std::string& id, const ClockCensus& clock) const {
  if (freed_.count(id) != 0) return kFreed;
  return clock.at.empty() ? 0 : clock.at.rbegin()->first;
}

RankSet Planner::behind(const std::string& id, const ClockCensus& clock) const {
  const std::uint64_t goal = goal_of(id, clock);
  if (goal == 0) return {};
  RankSet late = members_of(clock);
  if (const auto there = clock.at.find(goal); there != clock.at.end()) late.remove(there->second);
  return late;
}

void Planner::ask_clocks(const Census& census, Plan* plan) {
  for (const auto& [id, clock] : census.clocks) {
    RankSet late = behind(id, clock);
    if (late.empty()) continue;
    plan->must_run.add(late);
    const std::uint64_t goal = goal_of(id, clock);
    auto& [asked_goal, asked] = clock_asked_[id];
    if (asked_goal != goal) asked = {};
    asked_goal = goal;
    late.remove(asked);
    if (late.empty()) continue;
    asked.add(late);
    plan->advance.push_back({TargetKind::kClock, id, -1, goal, std::move(late)});
  }
}

void Planner::ask_api(const Census& census, bool wait_for_api, Plan* plan) {
  std::uint64_t wanted = 0;
  if (wait_for_api && !census.api_calls.empty()) wanted = census.api_calls.rbegin()->first;
  RankSet late;
  for (const auto& [calls, ranks] : census.api_calls) {
    if (calls < wanted) late.add(ranks);
  }
  late.remove(census.done);
  plan->must_run.add(late);
  if (wanted == api_asked_) return;
  api_asked_ = wanted;
  RankSet all = census.ranks;
  all.remove(census.done);
  plan->advance.push_back({TargetKind::kApi, "", -1, wanted, std::move(all)});
}

void Planner::ask_senders(const Census& census, Plan* plan) {
  for (const auto& [waiting, need] : census.needs) {
    if (!census.ranks.contains(need.source)) continue;
    if (ask_receiver(need, waiting, census, plan)) continue;
    if (!channel_asked_.emplace(need.comm, need.source, waiting, need.have + 1).second) continue;
    plan->advance.push_back(
        {TargetKind::kChannel, need.comm, waiting, need.have + 1, RankSet{need.source}});
  }
}

// True if it is the reception of a synchronous send that is waited for. A rank whose script has
// ended receives nothing any more.
bool Planner::ask_receiver(const ChannelNeed& need, int waiting, const Census& census, Plan* plan) {
  if (need.awaited == 0) return false;
  if (census.done.contains(need.source)) return true;
  if (!reception_asked_.emplace(waiting, need.awaited).second) return true;
  plan->advance.push_back(
      {TargetKind::kReception, need.comm, waiting, need.have, RankSet{need.source}, need.tag});
  return true;
}

// A rank whose other threads act on a communicator: its members run on until it says no more.
// A wait for anybody: only when nothing else can still bring the message does every member run on
// until one has sent; the request is taken back as soon as the wait is over.
void Planner::ask_anybody(const Census& census, Plan* plan) {
  std::set<std::pair<std::string, int>> wanted, on_their_own;
  for (const auto& [waiting, need] : census.needs) {
    if (need.source >= 0) continue;
    wanted.emplace(need.comm, waiting);
    if (need.have == kOnItsOwn) on_their_own.emplace(need.comm, waiting);
  }
  for (auto it = any_asked_.begin(); it != any_asked_.end();) {
    if (wanted.count(it->first) != 0) {
      ++it;
      continue;
    }
    const auto& [comm, waiting] = it->first;
    tell({TargetKind::kAnyCancel, comm, waiting, 0, it->second}, plan);
    it = any_asked_.erase(it);
  }
  // Members that have not made the communicator yet do not know it: they are asked later.
  const auto ask = [&](const std::pair<std::string, int>& need, std::uint64_t value) {
    const auto clock = census.clocks.find(need.first);
    if (clock == census.clocks.end()) return;
    RankSet others = members_of(clock->second);
    others.remove({need.second});
    RankSet& asked = any_asked_[need];
    others.remove(asked);
    asked.add(others);
    tell({TargetKind::kAny, need.first, need.second, value, std::move(others)}, plan);
  };
  for (const auto& need : on_their_own) ask(need, kOnItsOwn);
  if (census.may_send || census.in_flight != 0) return;
  for (const auto& need : wanted) ask(need, 0);
}

void Planner::tell(Target target, Plan* plan) {
  if (!target.ranks.empty()) plan->advance.push_back(std::move(target));
}

}  // namespace chkpt::cut
