// SPDX-License-Identifier: BSD-3-Clause
// The stack, marks and memo of the unpickler's machine, holding node ids. Every underflow, bad mark
// or unknown memo entry is a FormatError that names the instruction's offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "inspect/pickle_graph.hpp"

namespace chkpt::inspect {

class PickleStack {
 public:
  explicit PickleStack(std::size_t memo_limit) : memo_limit_(memo_limit) {}

  void at(std::size_t offset) { offset_ = offset; }  // of the instruction now carried out
  [[noreturn]] void fail(const std::string& what) const;

  void push(NodeId n) { stack_.push_back(n); }
  void push_mark() { marks_.push_back(stack_.size()); }
  NodeId top() const;
  std::vector<NodeId> pop(std::size_t n);
  std::vector<NodeId> pop_to_mark();
  NodeId pop_or_unmark();  // kNoNode: what lay on top was a mark
  NodeId pop_only();       // the one value of a finished pickle
  bool empty() const { return stack_.empty() && marks_.empty(); }

  void memoize() { remember(memo_entries_); }
  void remember(std::uint64_t index);  // the top
  NodeId recall(std::uint64_t index) const;

  std::size_t memory_bytes() const {
    return (stack_.size() + memo_.size()) * sizeof(NodeId) + marks_.size() * sizeof(std::size_t);
  }

 private:
  std::size_t above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  std::vector<NodeId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<NodeId> memo_;  // outlives a pickle: the next one in the stream shares it
  std::size_t memo_entries_ = 0;
  std::size_t memo_limit_;
  std::size_t offset_ = 0;
};

}  // namespace chkpt::inspect
