// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/rank_groups.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {

std::vector<int> chosen_ranks(const Invocation& invocation, const Target& target,
                              const store::SnapshotRef& snapshot, RankChoice unless_told) {
  std::vector<int> ranks = ranks_of(target, snapshot);
  if (invocation.rank) {
    if (std::find(ranks.begin(), ranks.end(), *invocation.rank) == ranks.end()) {
      throw UsageError("there is no rank " + std::to_string(*invocation.rank) + " in " +
                       printable(invocation.path) + " (" + plural(ranks.size(), "rank") + ")");
    }
    return {*invocation.rank};
  }
  if (!invocation.every_rank && unless_told == RankChoice::kFirst && ranks.size() > 1) {
    ranks.resize(1);
  }
  return ranks;
}

std::string rank_list(const std::vector<int>& ranks) {
  std::string out = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size();) {
    std::size_t last = i;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
    if (i > 0) out += ", ";
    out += std::to_string(ranks[i]);
    if (last > i) out += (last > i + 1 ? "-" : ", ") + std::to_string(ranks[last]);
    i = last + 1;
  }
  return out;
}

}  // namespace chkpt::inspect
