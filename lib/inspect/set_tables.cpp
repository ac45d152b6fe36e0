// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/set_tables.hpp"

#include <string_view>

namespace chkpt::inspect {

bool is_set(const ComparedState& side, NodeId n) {
  const Kind kind = side.graph().kind(n);
  return kind == Kind::kSet || kind == Kind::kFrozenSet || set_table_of(side, n) != kNoNode;
}

NodeId set_table_of(const ComparedState& side, NodeId n) {
  if (side.graph().kind(n) != Kind::kPersistent) return kNoNode;
  const NodeId label = side.graph().child(n, Role::kParts, 0);
  const auto part = [&](std::size_t i) { return side.graph().child(label, Role::kItems, i); };
  if (label == kNoNode || side.graph().kind(label) != Kind::kTuple || part(2) == kNoNode)
    return kNoNode;
  const std::string_view tag = side.graph().raw_text(part(0));
  if (tag == "Z") return part(2);
  if (tag != "X" || side.graph().raw_text(part(2)) == "d") return kNoNode;
  const NodeId table = side.objects.resolve(n);
  return table == n ? kNoNode : table;
}

std::vector<NodeId> table_entries(const ComparedState& side, NodeId table) {
  return side.graph().children(side.graph().child(table, Role::kItems, 3), Role::kItems);
}

std::vector<NodeId> set_keys(const ComparedState& side, NodeId set) {
  const NodeId table = set_table_of(side, set);
  if (table == kNoNode) return side.graph().children(set, Role::kItems);
  return keys_in_table(side, table);
}

std::vector<NodeId> keys_in_table(const ComparedState& side, NodeId table) {
  const std::vector<NodeId> all = table_entries(side, table);
  std::vector<NodeId> keys;
  for (std::size_t i = 2; i < all.size(); i += 3)
    if (!side.objects.is_empty_slot(all[i])) keys.push_back(all[i]);
  return keys;
}

}  // namespace chkpt::inspect
