// SPDX-License-Identifier: BSD-3-Clause
// The decision at the heart of the cut: from the statuses of all ranks, who has to run on and how
// far, and whether everybody may be frozen. Deterministic; no I/O, no time, no MPI.
//
// A rank must run on when its clock on a communicator is behind another member's (the other one is
// inside, or past, a call that needs it), or while it waits inside a call that cannot be
// re-executed: then the ranks it waits for must send. Everything asked for lies in the causal past
// of calls in progress, so it ends unless such calls overlap for ever (the give-up timer is for
// those).
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
  std::vector<std::vector<Target>> advance;  // per rank; what has not been said in this epoch yet
  bool ready = false;                        // all eligible, clocks equal, nothing in flight
  std::vector<bool> must_run;                // per rank, for messages
};

class Planner {
 public:
  explicit Planner(int ranks) : ranks_(static_cast<std::size_t>(ranks)) {}

  // Forgets what was asked for.
  void begin_epoch();
  // Communicators that a rank has freed; the other members must free theirs.
  void freed(const std::vector<std::pair<std::string, int>>& comms);

  // `wait_for_api`: all ranks shall reach the largest number of snapshot() calls.
  Plan plan(const std::vector<Status>& statuses, bool wait_for_api);

  // On the statuses given with Prepared: does the cut hold?
  bool holds(const std::vector<Status>& statuses) const;

 private:
  using Clocks = std::map<std::string, std::uint64_t>;
  std::vector<Clocks> clocks_of(const std::vector<Status>& statuses) const;
  Clocks latest(const std::vector<Clocks>& clocks) const;
  void ask_clocks(const std::vector<Clocks>& clocks, const Clocks& goal, Plan* plan);
  void ask_api(const std::vector<Status>& statuses, bool wait_for_api, Plan* plan);
  void ask_senders(const std::vector<Status>& statuses, Plan* plan);
  void ask_anybody(const std::vector<Status>& statuses, const std::vector<Clocks>& clocks,
                   const std::set<std::pair<std::string, int>>& wanted, Plan* plan);

  std::size_t ranks_;
  std::map<std::string, std::pair<int, int>> freed_;  // id -> members that freed it, all members
  std::map<std::pair<std::size_t, std::string>, std::uint64_t> clock_asked_;
  std::set<std::tuple<std::string, int, int, std::uint64_t>> channel_asked_;
  std::set<std::pair<std::string, int>> any_asked_;  // comm, waiting rank
  std::uint64_t api_asked_ = 0;
};

}  // namespace chkpt::cut
