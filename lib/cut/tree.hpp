// SPDX-License-Identifier: BSD-3-Clause
// Who talks to whom about cuts: a tree with rank 0 at the root. The lowest rank of each node is its
// leader; leaders form a tree, and the ranks of a node form one below their leader, both with at
// most `fan_out` children each. So nobody has more than 2 * fan_out of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cut/rank_set.hpp"

namespace chkpt::cut {

constexpr int kFanOut = 32;

struct TreeNode {
  int parent = -1;            // of rank 0
  std::vector<int> children;  // ascending
  RankSet below;              // this rank and everybody who reaches rank 0 through it
};

// `nodes[r]`: the name of the node that rank r runs on. The same on every rank.
std::vector<TreeNode> make_tree(const std::vector<std::string>& nodes, int fan_out = kFanOut);

}  // namespace chkpt::cut
