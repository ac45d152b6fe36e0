// SPDX-License-Identifier: BSD-3-Clause
// The decision at the heart of the cut: from the census of all ranks, who has to run on and how
// far, and whether everybody may be frozen. Deterministic; no I/O, no time, no MPI.
//
// A rank must run on when its clock on a communicator is behind another member's (the other one is
// inside, or past, a call that needs it), or while it waits inside a call that cannot be
// re-executed: then the ranks it waits for must send, or receive what it has sent synchronously.
// Everything asked for lies in the causal past of calls in progress, so it ends unless such calls
// overlap for ever (the give-up timer is for those).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cut/message.hpp"

namespace chkpt::cut {

struct Plan {
  std::vector<Target> advance;  // what has not been said in this epoch yet, each with its ranks
  bool ready = false;           // all eligible, clocks equal, nothing in flight
  RankSet must_run;             // for messages
};

class Planner {
 public:
  // Forgets what was asked for.
  void begin_epoch();
  // The other members of these communicators must free theirs.
  void freed(const std::vector<Freed>& comms);

  // `census`: of all ranks. `wait_for_api`: all shall reach the largest number of snapshot() calls.
  Plan plan(const Census& census, bool wait_for_api);

  // On the census taken with everybody frozen: does the cut hold?
  bool holds(const Census& census) const;

 private:
  std::uint64_t goal_of(const std::string& id, const ClockCensus& clock) const;
  RankSet behind(const std::string& id, const ClockCensus& clock) const;
  void ask_clocks(const Census& census, Plan* plan);
  void ask_api(const Census& census, bool wait_for_api, Plan* plan);
  void ask_senders(const Census& census, Plan* plan);
  bool ask_receiver(const ChannelNeed& need, int waiting, const Census& census, Plan* plan);
  void ask_anybody(const Census& census, Plan* plan);
  static void tell(Target target, Plan* plan);

  std::map<std::string, std::pair<int, int>> freed_;  // id -> members that freed it, all members
  std::map<std::string, std::pair<std::uint64_t, RankSet>> clock_asked_;
  std::set<std::tuple<std::string, int, int, std::uint64_t>> channel_asked_;
  std::set<std::pair<int, std::uint64_t>> reception_asked_;   // waiting rank, its send
  std::map<std::pair<std::string, int>, RankSet> any_asked_;  // comm, waiting rank -> who has been
  std::uint64_t api_asked_ = 0;
};

}  // namespace chkpt::cut
