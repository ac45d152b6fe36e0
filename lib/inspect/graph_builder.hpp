// SPDX-License-Identifier: BSD-3-Clause
// Nodes and edges of a Graph, made as the instructions of a pickle ask for them. Operands come from
// the stack and results go there. What would not fit the graph's memory limit or its index types is
// a FormatError that names the instruction's offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "inspect/pickle_graph.hpp"
#include "inspect/pickle_stack.hpp"

namespace chkpt::inspect {

class GraphBuilder {
 protected:
  GraphBuilder(ByteView stream, std::size_t buffer_count, std::size_t memory_bytes);

  // The instruction now carried out: where its node, or its error, stands in the stream.
  void at(std::size_t offset) {
    offset_ = offset;
    stack_.at(offset);
  }

  void push(Kind kind) { stack_.push(add(kind)); }
  // None, booleans and small integers are one node each, however often they occur.
  void push_shared(NodeId* shared, Kind kind);
  void push_with(Kind kind, Role role, const std::vector<NodeId>& parts);
  // More items for the container on top, which was made empty as `plain` or by a call.
  void grow(Kind plain, Role role, const std::vector<NodeId>& more);
  void reduce();
  void persistent();  // labelled by what is on top
  void build();
  void old_style(const std::vector<NodeId>& items);
  void old_style_named(std::vector<NodeId> items);
  void next_buffer();
  void drop_one(NodeId next);  // what the next instruction takes from the memo, if it does
  void check_memory() const;

  Graph graph_;
  PickleStack stack_;

 private:
  NodeId add(Kind kind);
  void connect(NodeId from, Role role, const std::vector<NodeId>& to);
  enum class Ours { kOther, kInterned, kHashed };
  bool are_made_alike(NodeId one, NodeId other) const;
  Ours which_of_ours(NodeId callable);
  void push_call(const std::vector<NodeId>& parts);
  bool reduce_hashed(NodeId arguments);

  std::size_t buffer_count_;
  std::size_t memory_bytes_;
  std::size_t offset_ = 0;
  std::size_t buffers_used_ = 0;
  std::unordered_map<NodeId, Ours> ours_;  // by label
};

}  // namespace chkpt::inspect
