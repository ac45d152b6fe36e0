// SPDX-License-Identifier: BSD-3-Clause
// How many ranks stand, in one piece. Statuses are joined on their way to rank 0 without losing
// anything the planner looks at: equal values name the ranks that have them, counters are added up.
// join() is associative and commutative over disjoint sets of ranks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cut/rank_set.hpp"
#include "cut/status.hpp"

namespace chkpt::cut {

using RanksByValue = std::map<std::uint64_t, RankSet>;

struct ClockCensus {
  RanksByValue at;
  RankSet members;  // joint clocks only: also those that have not reported one
};

struct Census {
  RankSet ranks;     // that this speaks of
  RankSet eligible;  // may be frozen
  RankSet done;      // their script has ended
  std::map<std::string, ClockCensus> clocks;
  RanksByValue api_calls;
  std::uint64_t api_satisfied = 0;
  std::uint64_t in_flight = 0;  // sent - received, modulo 2^64: below a relay it may be negative
  bool may_send = false;        // somebody runs and is not known to wait for anything
  // Who waits, and for what. Of an eligible rank nobody has to know: if it is behind, it is told to
  // run on, is eligible no more, and says it then.
  std::vector<std::pair<int, ChannelNeed>> needs;
  int deferring_rank = -1;  // the lowest one
  std::string deferral;
};

Census census_of(int rank, const Status& status);
void join(Census* into, const Census& other);

}  // namespace chkpt::cut
