// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_stack.hpp"

#include "base/error.hpp"

namespace chkpt::inspect {

void PickleStack::fail(const std::string& what) const {
  throw FormatError("pickle: " + what + " at byte " + std::to_string(offset_));
}

NodeId PickleStack::top() const {
  if (above_mark() == 0) fail("stack underflow");
  return stack_.back();
}

std::vector<NodeId> PickleStack::pop(std::size_t n) {
  if (above_mark() < n) fail("stack underflow");
  std::vector<NodeId> out(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
  stack_.resize(stack_.size() - n);
  return out;
}

std::vector<NodeId> PickleStack::pop_to_mark() {
  if (marks_.empty()) fail("no mark on the stack");
  std::vector<NodeId> out = pop(above_mark());
  marks_.pop_back();
  return out;
}

NodeId PickleStack::pop_or_unmark() {
  if (!marks_.empty() && above_mark() == 0) {
    marks_.pop_back();
    return kNoNode;
  }
  return pop(1)[0];
}

NodeId PickleStack::pop_only() {
  if (!marks_.empty() || stack_.size() != 1) fail("STOP with a stack that is not one value");
  return pop(1)[0];
}

void PickleStack::remember(std::uint64_t index) {
  if (index >= memo_limit_) fail("memo index " + std::to_string(index) + " out of range");
  const NodeId n = top();
  if (index >= memo_.size()) memo_.resize(index + 1, kNoNode);
  if (memo_[index] == kNoNode) ++memo_entries_;
  memo_[index] = n;
}

NodeId PickleStack::recall(std::uint64_t index) const {
  if (index >= memo_.size() || memo_[index] == kNoNode) {
    fail("memo entry " + std::to_string(index) + " was never made");
  }
  return memo_[index];
}

}  // namespace chkpt::inspect
