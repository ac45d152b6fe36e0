// SPDX-License-Identifier: BSD-3-Clause
#include "cut/census.hpp"

#include <algorithm>

namespace chkpt::cut {
namespace {

// Whether it is known what it waits for.
bool only_waits(const Status& status) {
  const auto on_its_own = [](const ChannelNeed& need) { return need.have == kOnItsOwn; };
  return !status.needs.empty() &&
         std::none_of(status.needs.begin(), status.needs.end(), on_its_own);
}

}  // namespace

Census census_of(int rank, const Status& status) {
  const RankSet self{rank};
  Census census;
  census.ranks = self;
  if (status.eligible) census.eligible = self;
  if (status.state == RankState::kDone) census.done = self;
  for (const ClockValue& clock : status.clocks) {
    ClockCensus& entry = census.clocks[clock.id];
    entry.at[clock.value] = self;
    for (const int member : clock.members) entry.members.add({member});
  }
  census.api_calls[status.api_calls] = self;
  census.api_satisfied = status.api_satisfied;
  census.in_flight = status.sent - status.received;
  census.may_send =
      status.state == RankState::kRunning && !only_waits(status) && status.call.empty();
  if (!status.eligible) {
    for (const ChannelNeed& need : status.needs) census.needs.emplace_back(rank, need);
  }
  if (!status.deferral.empty()) {
    census.deferring_rank = rank;
    census.deferral = status.deferral;
  }
  return census;
}

void join(Census* into, const Census& other) {
  into->ranks.add(other.ranks);
  into->eligible.add(other.eligible);
  into->done.add(other.done);
  for (const auto& [id, clock] : other.clocks) {
    ClockCensus& entry = into->clocks[id];
    for (const auto& [value, ranks] : clock.at) entry.at[value].add(ranks);
    entry.members.add(clock.members);
  }
  for (const auto& [value, ranks] : other.api_calls) into->api_calls[value].add(ranks);
  into->api_satisfied = std::max(into->api_satisfied, other.api_satisfied);
  into->in_flight += other.in_flight;
  into->may_send = into->may_send || other.may_send;
  into->needs.insert(into->needs.end(), other.needs.begin(), other.needs.end());
  if (other.deferring_rank >= 0 &&
      (into->deferring_rank < 0 || other.deferring_rank < into->deferring_rank)) {
    into->deferring_rank = other.deferring_rank;
    into->deferral = other.deferral;
  }
}

}  // namespace chkpt::cut
