// SPDX-License-Identifier: BSD-3-Clause
// Sets in a saved state: as they are filled, or as hash tables, (mask, fill, finger, [index, hash,
// key, ...]).
#pragma once

#include <vector>

#include "inspect/compared_state.hpp"

namespace chkpt::inspect {

bool is_set(const ComparedState& side, NodeId n);
// kNoNode for what is no set, or one that is filled key by key.
NodeId set_table_of(const ComparedState& side, NodeId n);
// The flat list of a table: index, hash, key, ...
std::vector<NodeId> table_entries(const ComparedState& side, NodeId table);
std::vector<NodeId> keys_in_table(const ComparedState& side, NodeId table);
std::vector<NodeId> set_keys(const ComparedState& side, NodeId set);

}  // namespace chkpt::inspect
