// SPDX-License-Identifier: BSD-3-Clause
#include "cut/planner.hpp"

#include <algorithm>

namespace chkpt::cut {
namespace {

// Running, not known to wait for anything: it may yet send.
bool runs_on_its_own(const Status& status) {
  return status.state == RankState::kRunning && status.needs.empty() && status.call.empty();
}

bool nothing_in_flight(const std::vector<Status>& statuses) {
  std::uint64_t in_flight = 0;
  for (const Status& status : statuses) in_flight += status.sent - status.received;
  return in_flight == 0;
}

}  // namespace

void Planner::begin_epoch() {
  clock_asked_.clear();
  channel_asked_.clear();
  any_asked_.clear();
  api_asked_ = 0;
}

void Planner::freed(const std::vector<std::pair<std::string, int>>& comms) {
  for (const auto& [id, members] : comms) {
    auto& entry = freed_[id];
    entry.second = members;
    if (++entry.first == members) freed_.erase(id);
  }
}

std::vector<Planner::Clocks> Planner::clocks_of(const std::vector<Status>& statuses) const {
  std::vector<Clocks> clocks(ranks_);
  for (std::size_t r = 0; r < ranks_; ++r) {
    for (const ClockValue& clock : statuses[r].clocks) {
      clocks[r][clock.id] = clock.value;
      // A member that has not made its first call does not know the clock.
      for (const int member : clock.members) {
        const auto m = static_cast<std::size_t>(member);
        if (m < ranks_) clocks[m].emplace(clock.id, 0);
      }
    }
  }
  // The reports above may have come in any order: a member's own value counts.
  for (std::size_t r = 0; r < ranks_; ++r) {
    for (const ClockValue& clock : statuses[r].clocks) clocks[r][clock.id] = clock.value;
  }
  return clocks;
}

Planner::Clocks Planner::latest(const std::vector<Clocks>& clocks) const {
  Clocks goal;
  for (const Clocks& own : clocks) {
    for (const auto& [id, value] : own) {
      auto& best = goal[id];
      best = std::max(best, value);
    }
  }
  for (auto& [id, value] : goal) {
    if (freed_.count(id) != 0) value = kFreed;
  }
  return goal;
}

Plan Planner::plan(const std::vector<Status>& statuses, bool wait_for_api) {
  Plan plan;
  plan.advance.resize(ranks_);
  plan.must_run.assign(ranks_, false);
  const std::vector<Clocks> clocks = clocks_of(statuses);
  for (std::size_t r = 0; r < ranks_; ++r) plan.must_run[r] = !statuses[r].eligible;
  ask_clocks(clocks, latest(clocks), &plan);
  ask_api(statuses, wait_for_api, &plan);
  plan.ready = nothing_in_flight(statuses) &&
               std::none_of(plan.must_run.begin(), plan.must_run.end(), [](bool m) { return m; });
  if (!plan.ready) {
    ask_senders(statuses, &plan);
    std::set<std::pair<std::string, int>> wanted;
    for (std::size_t r = 0; r < ranks_; ++r) {
      if (!plan.must_run[r]) continue;
      for (const ChannelNeed& need : statuses[r].needs) {
        if (need.source < 0) wanted.emplace(need.comm, static_cast<int>(r));
      }
    }
    ask_anybody(statuses, clocks, wanted, &plan);
  }
  return plan;
}

bool Planner::holds(const std::vector<Status>& statuses) const {
  const std::vector<Clocks> clocks = clocks_of(statuses);
  const Clocks goal = latest(clocks);
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (!statuses[r].eligible) return false;
    for (const auto& [id, value] : clocks[r]) {
      if (value != goal.at(id)) return false;
    }
  }
  return nothing_in_flight(statuses);
}

void Planner::ask_clocks(const std::vector<Clocks>& clocks, const Clocks& goal, Plan* plan) {
  for (std::size_t r = 0; r < ranks_; ++r) {
    for (const auto& [id, value] : clocks[r]) {
      const std::uint64_t wanted = goal.at(id);
      if (value >= wanted) continue;
      plan->must_run[r] = true;
      auto& asked = clock_asked_[{r, id}];
      if (asked >= wanted) continue;
      asked = wanted;
      plan->advance[r].push_back({TargetKind::kClock, id, -1, wanted});
    }
  }
}

void Planner::ask_api(const std::vector<Status>& statuses, bool wait_for_api, Plan* plan) {
  std::uint64_t wanted = 0;
  if (wait_for_api) {
    for (const Status& status : statuses) wanted = std::max(wanted, status.api_calls);
  }
  for (std::size_t r = 0; r < ranks_; ++r) {
    const Status& status = statuses[r];
    if (status.state == RankState::kDone) continue;
    if (status.api_calls < wanted) plan->must_run[r] = true;
    if (wanted != api_asked_) plan->advance[r].push_back({TargetKind::kApi, "", -1, wanted});
  }
  api_asked_ = wanted;
}

void Planner::ask_senders(const std::vector<Status>& statuses, Plan* plan) {
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (!plan->must_run[r]) continue;
    for (const ChannelNeed& need : statuses[r].needs) {
      if (need.source < 0 || static_cast<std::size_t>(need.source) >= ranks_) continue;
      const int waiting = static_cast<int>(r);
      if (!channel_asked_.emplace(need.comm, need.source, waiting, need.have + 1).second) continue;
      plan->advance[static_cast<std::size_t>(need.source)].push_back(
          {TargetKind::kChannel, need.comm, waiting, need.have + 1});
    }
  }
}

// A wait for anybody: only when nothing else can still bring the message does every member run on
// until one has sent; the request is taken back as soon as the wait is over.
void Planner::ask_anybody(const std::vector<Status>& statuses, const std::vector<Clocks>& clocks,
                          const std::set<std::pair<std::string, int>>& wanted, Plan* plan) {
  const auto tell_members = [&](TargetKind kind, const std::pair<std::string, int>& need) {
    for (std::size_t s = 0; s < ranks_; ++s) {
      if (static_cast<int>(s) == need.second || clocks[s].count(need.first) == 0) continue;
      plan->advance[s].push_back({kind, need.first, need.second, 0});
    }
  };
  for (auto it = any_asked_.begin(); it != any_asked_.end();) {
    if (wanted.count(*it) != 0) {
      ++it;
      continue;
    }
    tell_members(TargetKind::kAnyCancel, *it);
    it = any_asked_.erase(it);
  }
  const bool quiet = std::none_of(statuses.begin(), statuses.end(), runs_on_its_own);
  if (!quiet || !nothing_in_flight(statuses)) return;
  for (const auto& need : wanted) {
    if (any_asked_.insert(need).second) tell_members(TargetKind::kAny, need);
  }
}

}  // namespace chkpt::cut
