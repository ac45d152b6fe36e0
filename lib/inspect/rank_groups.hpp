// SPDX-License-Identifier: BSD-3-Clause
// Which ranks a command looks at, and how a set of ranks is written: "ranks 0-2, 5".
#pragma once

#include <string>
#include <vector>

#include "inspect/command_line.hpp"
#include "inspect/target.hpp"

namespace chkpt::inspect {

enum class RankChoice { kFirst, kAll };  // what no --rank means

// Throws UsageError if the snapshot has no such rank.
std::vector<int> chosen_ranks(const Invocation& invocation, const Target& target,
                              const store::SnapshotRef& snapshot, RankChoice unless_told);

// Ascending ranks: "rank 3", "ranks 0-2, 5".
std::string rank_list(const std::vector<int>& ranks);

}  // namespace chkpt::inspect
