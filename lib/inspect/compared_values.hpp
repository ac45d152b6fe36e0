// SPDX-License-Identifier: BSD-3-Clause
// What can be said of a node of one state and one of the other by looking at these two alone.
#pragma once

#include <vector>

#include "inspect/compared_state.hpp"

namespace chkpt::inspect {

bool is_scalar(Kind kind);

class ComparedValues {
 public:
  // Borrowed.
  ComparedValues(const ComparedState& before, const ComparedState& after) : a_(before), b_(after) {}

  bool same_scalar(Kind kind, NodeId a, NodeId b) const;
  // Scalars and tuples of them.
  bool is_plain(NodeId a) const;

  // Keys that are hashed by their address lie elsewhere in another process: then the order of a set
  // is another one, and perhaps the way it is saved.
  bool is_unordered_set(NodeId a, NodeId b) const;
  // Of two hash tables.
  bool other_hashes(NodeId a, NodeId b) const;

  // Arrays of the same type and shape that share their memory with others in another way.
  bool is_array_in_other_memory(NodeId a, NodeId b) const;
  // Keys and values of `b` in the order that the keys have in `a`, if they are the same texts; else
  // as they are.
  std::vector<NodeId> pairs_in_order(const std::vector<NodeId>& a,
                                     const std::vector<NodeId>& b) const;

 private:
  bool same_buffer(std::uint64_t a, std::uint64_t b) const;

  const ComparedState& a_;
  const ComparedState& b_;
};

}  // namespace chkpt::inspect
