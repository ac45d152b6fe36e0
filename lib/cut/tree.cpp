// SPDX-License-Identifier: BSD-3-Clause
#include "cut/tree.hpp"

#include <algorithm>
#include <map>

namespace chkpt::cut {
namespace {

// ranks[0] is the root; the others hang below it as in a heap.
void hang_up(const std::vector<int>& ranks, int fan_out, std::vector<TreeNode>* tree) {
  for (std::size_t i = 1; i < ranks.size(); ++i) {
    const int parent = ranks[(i - 1) / static_cast<std::size_t>(fan_out)];
    (*tree)[static_cast<std::size_t>(ranks[i])].parent = parent;
    (*tree)[static_cast<std::size_t>(parent)].children.push_back(ranks[i]);
  }
}

}  // namespace

std::vector<TreeNode> make_tree(const std::vector<std::string>& nodes, int fan_out) {
  std::vector<TreeNode> tree(nodes.size());
  std::map<std::string, std::vector<int>> by_node;
  for (std::size_t r = 0; r < nodes.size(); ++r) by_node[nodes[r]].push_back(static_cast<int>(r));
  std::vector<int> leaders;
  for (const auto& [name, ranks] : by_node) {
    leaders.push_back(ranks.front());
    hang_up(ranks, fan_out, &tree);
  }
  std::sort(leaders.begin(), leaders.end());
  hang_up(leaders, fan_out, &tree);
  // A parent's number is always lower than its children's.
  for (std::size_t r = nodes.size(); r-- > 0;) {
    TreeNode& node = tree[r];
    std::sort(node.children.begin(), node.children.end());
    node.below.add({static_cast<int>(r)});
    if (node.parent >= 0) tree[static_cast<std::size_t>(node.parent)].below.add(node.below);
  }
  return tree;
}

}  // namespace chkpt::cut
