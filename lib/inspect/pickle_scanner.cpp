// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_scanner.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "inspect/pickle_stack.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::uint64_t kHighestProtocol = 5;

}  // namespace

class PickleScanner {
 public:
  PickleScanner(ByteView stream, std::size_t buffer_count, const ScanLimits& limits)
      : stream_(stream),
        buffer_count_(buffer_count),
        limits_(limits),
        out_{Graph(stream), {}},
        stack_(std::min<std::size_t>(stream.size, limits.memory_bytes / sizeof(NodeId))) {
    small_ints_.fill(kNoNode);
  }

  ScannedPickle run() {
    while (at_ < stream_.size) {
      in_ = decode_instruction(stream_, at_);
      at_ = in_.end();
      stack_.at(in_.offset);
      step();
      check_memory();
    }
    if (in_.length > 0 && in_.opcode != op::kStop) stack_.fail("stream ends without STOP");
    return std::move(out_);
  }

 private:
  using Ids = std::vector<NodeId>;

  // --- one instruction, by family --------------------------------------------------------------
  void step() {
    if (scalar() || container() || call() || stack_or_memo()) return;
    stack_.fail("opcode " + std::to_string(in_.opcode) + " is not handled");
  }

  bool scalar() {
    switch (in_.opcode) {
      case op::kNone:
        push_shared(&none_, Kind::kNone);
        return true;
      case op::kNewTrue:
        push_shared(&true_, Kind::kBool);
        return true;
      case op::kNewFalse:
        push_shared(&false_, Kind::kBool);
        return true;
      case op::kBinInt1:
        push_shared(&small_ints_[in_.number & 0xff], Kind::kInt);
        return true;
      case op::kInt:
        push(in_.payload == "00" || in_.payload == "01" ? Kind::kBool : Kind::kInt);
        return true;
      case op::kBinInt:
      case op::kBinInt2:
      case op::kLong:
      case op::kLong1:
      case op::kLong4:
        push(Kind::kInt);
        return true;
      case op::kFloat:
      case op::kBinFloat:
        push(Kind::kFloat);
        return true;
      case op::kUnicode:
      case op::kBinUnicode:
      case op::kShortBinUnicode:
      case op::kBinUnicode8:
        push(Kind::kText);
        return true;
      case op::kString:
      case op::kBinString:
      case op::kShortBinString:
      case op::kBinBytes:
      case op::kShortBinBytes:
      case op::kBinBytes8:
        push(Kind::kBytes);
        return true;
      case op::kByteArray8:
        push(Kind::kByteArray);
        return true;
      case op::kExt1:
      case op::kExt2:
      case op::kExt4:
        push(Kind::kExtension);
        return true;
      case op::kNextBuffer:
        next_buffer();
        return true;
      case op::kReadonlyBuffer:
        stack_.top();
        return true;
      default:
        return false;
    }
  }

  bool container() {
    switch (in_.opcode) {
      case op::kEmptyList:
        push(Kind::kList);
        return true;
      case op::kEmptyDict:
        push(Kind::kDict);
        return true;
      case op::kEmptySet:
        push(Kind::kSet);
        return true;
      case op::kEmptyTuple:
        push(Kind::kTuple);
        return true;
      case op::kTuple1:
        push_with(Kind::kTuple, Role::kItems, stack_.pop(1));
        return true;
      case op::kTuple2:
        push_with(Kind::kTuple, Role::kItems, stack_.pop(2));
        return true;
      case op::kTuple3:
        push_with(Kind::kTuple, Role::kItems, stack_.pop(3));
        return true;
      case op::kTuple:
        push_with(Kind::kTuple, Role::kItems, stack_.pop_to_mark());
        return true;
      case op::kList:
        push_with(Kind::kList, Role::kItems, stack_.pop_to_mark());
        return true;
      case op::kFrozenSet:
        push_with(Kind::kFrozenSet, Role::kItems, stack_.pop_to_mark());
        return true;
      case op::kDict:
        push_with(Kind::kDict, Role::kPairs, even(stack_.pop_to_mark()));
        return true;
      case op::kAppend:
        grow(Kind::kList, Role::kItems, stack_.pop(1));
        return true;
      case op::kAppends:
        grow(Kind::kList, Role::kItems, stack_.pop_to_mark());
        return true;
      case op::kAddItems:
        grow(Kind::kSet, Role::kItems, stack_.pop_to_mark());
        return true;
      case op::kSetItem:
        grow(Kind::kDict, Role::kPairs, stack_.pop(2));
        return true;
      case op::kSetItems:
        grow(Kind::kDict, Role::kPairs, even(stack_.pop_to_mark()));
        return true;
      default:
        return false;
    }
  }

  bool call() {
    switch (in_.opcode) {
      case op::kGlobal:
        push(Kind::kGlobal);
        return true;
      case op::kStackGlobal:
        push_with(Kind::kGlobal, Role::kParts, stack_.pop(2));
        return true;
      case op::kReduce:
        reduce();
        return true;
      case op::kNewObj:
        push_with(Kind::kCall, Role::kParts, stack_.pop(2));
        return true;
      case op::kNewObjEx:
        push_with(Kind::kCall, Role::kParts, stack_.pop(3));
        return true;
      case op::kObj:
        old_style(stack_.pop_to_mark());
        return true;
      case op::kInst:
        old_style_named(stack_.pop_to_mark());
        return true;
      case op::kPersId:
        push(Kind::kPersistent);
        return true;
      case op::kBinPersId:
        push_with(Kind::kPersistent, Role::kParts, stack_.pop(1));
        return true;
      case op::kBuild:
        build();
        return true;
      default:
        return false;
    }
  }

  bool stack_or_memo() {
    switch (in_.opcode) {
      case op::kProto:
        if (in_.number > kHighestProtocol) stack_.fail("protocol " + std::to_string(in_.number));
        return true;
      case op::kFrame:
        if (in_.number > stream_.size - at_) stack_.fail("frame runs past the end of the stream");
        return true;
      case op::kStop:
        out_.roots.push_back(stack_.pop_only());
        return true;
      case op::kMark:
        stack_.push_mark();
        return true;
      case op::kPop:
        drop_one();
        return true;
      case op::kPopMark:
        stack_.pop_to_mark();
        return true;
      case op::kDup:
        stack_.push(stack_.top());
        return true;
      case op::kMemoize:
        stack_.memoize();
        return true;
      case op::kBinPut:
      case op::kLongBinPut:
        stack_.remember(in_.number);
        return true;
      case op::kPut:
        stack_.remember(line_number());
        return true;
      case op::kBinGet:
      case op::kLongBinGet:
        stack_.push(stack_.recall(in_.number));
        return true;
      case op::kGet:
        stack_.push(stack_.recall(line_number()));
        return true;
      default:
        return false;
    }
  }

  // --- building nodes --------------------------------------------------------------------------
  NodeId add(Kind kind) {
    Graph& g = out_.graph;
    if (g.nodes_.size() >= kNoNode) stack_.fail("more than 4 billion objects");
    std::uint32_t extra = 0;
    if (Graph::is_composite(kind)) {
      extra = static_cast<std::uint32_t>(g.composites_.size());
      g.composites_.emplace_back();
    }
    g.nodes_.push_back({in_.offset, extra, kind});
    return static_cast<NodeId>(g.nodes_.size() - 1);
  }

  void connect(NodeId from, Role role, const Ids& to) {
    if (to.empty()) return;
    Graph& g = out_.graph;
    if (!Graph::is_composite(g.nodes_[from].kind)) stack_.fail("a plain value cannot be changed");
    if (g.runs_.size() >= kNoNode) stack_.fail("more than 4 billion containers");
    const auto run = static_cast<std::uint32_t>(g.runs_.size());
    g.runs_.push_back({g.edges_.size(), static_cast<std::uint32_t>(to.size()), kNoNode, role});
    g.edges_.insert(g.edges_.end(), to.begin(), to.end());
    Graph::Composite& c = g.composites_[g.nodes_[from].extra];
    if (c.first_run == kNoNode) {
      c.first_run = run;
    } else {
      g.runs_[c.last_run].next = run;
    }
    c.last_run = run;
  }

  void push(Kind kind) { stack_.push(add(kind)); }

  // None, booleans and small integers are one node each, however often they occur.
  void push_shared(NodeId* shared, Kind kind) {
    if (*shared == kNoNode) *shared = add(kind);
    stack_.push(*shared);
  }

  void push_with(Kind kind, Role role, const Ids& parts) {
    const NodeId n = add(kind);
    connect(n, role, parts);
    stack_.push(n);
  }

  void grow(Kind plain, Role role, const Ids& more) {
    const NodeId target = stack_.top();
    const Kind kind = out_.graph.kind(target);
    if (kind != plain && kind != Kind::kCall && kind != Kind::kPersistent) {
      stack_.fail("items added to something that is no container");
    }
    connect(target, role, more);
  }

  // chkpt's pickler writes an interned string as a call of ('R', 'interned') with the string: the
  // string itself stands for it, so that names are text wherever they are used.
  void reduce() {
    const Ids parts = stack_.pop(2);
    const Graph& g = out_.graph;
    if (is_interning(parts[0]) && g.kind(parts[1]) == Kind::kTuple) {
      const NodeId string = g.child(parts[1], Role::kItems, 0);
      if (string != kNoNode && g.kind(string) == Kind::kText) {
        stack_.push(string);
        return;
      }
    }
    const NodeId n = add(Kind::kCall);
    connect(n, Role::kParts, parts);
    stack_.push(n);
  }

  bool is_interning(NodeId callable) {
    const Graph& g = out_.graph;
    if (g.kind(callable) != Kind::kPersistent) return false;
    const NodeId label = g.child(callable, Role::kParts, 0);
    if (label == kNoNode || label == other_label_) return false;
    if (label == interning_label_) return true;
    if (g.kind(label) != Kind::kTuple || g.count(label, Role::kItems) != 2) return false;
    const bool found = g.raw_text(g.child(label, Role::kItems, 0)) == "R" &&
                       g.raw_text(g.child(label, Role::kItems, 1)) == "interned";
    (found ? interning_label_ : other_label_) = label;
    return found;
  }

  void build() {
    const Ids state = stack_.pop(1);
    connect(stack_.top(), Role::kState, state);
  }

  void old_style(const Ids& items) {
    if (items.empty()) stack_.fail("instance without a class");
    const NodeId arguments = add(Kind::kTuple);
    connect(arguments, Role::kItems, Ids(items.begin() + 1, items.end()));
    push_with(Kind::kCall, Role::kParts, {items[0], arguments});
  }

  void old_style_named(Ids items) {
    items.insert(items.begin(), add(Kind::kGlobal));
    old_style(items);
  }

  void next_buffer() {
    if (buffers_used_ >= buffer_count_) stack_.fail("more buffers used than stored");
    push(Kind::kBuffer);
    out_.graph.nodes_.back().extra = static_cast<std::uint32_t>(buffers_used_++);
  }

  // A call whose result is dropped was made for its effect on its first argument: that is how the
  // pickler writes a custom state setter.
  void drop_one() {
    const NodeId dropped = stack_.pop_or_unmark();
    if (dropped == kNoNode) return;
    const Graph& g = out_.graph;
    if (g.kind(dropped) != Kind::kCall) return;
    const NodeId arguments = g.child(dropped, Role::kParts, 1);
    if (arguments == kNoNode || g.kind(arguments) != Kind::kTuple) return;
    const NodeId target = g.child(arguments, Role::kItems, 0);
    if (target == kNoNode || !Graph::is_composite(g.kind(target))) return;
    connect(target, Role::kEffect, {dropped});
  }

  std::uint64_t line_number() const {
    std::uint64_t value = 0;
    const char* end = in_.payload.data() + in_.payload.size();
    const auto [rest, error] = std::from_chars(in_.payload.data(), end, value);
    if (error != std::errc() || rest != end) stack_.fail("bad memo index");
    return value;
  }

  Ids even(Ids pairs) const {
    if (pairs.size() % 2 != 0) stack_.fail("a key without a value");
    return pairs;
  }

  void check_memory() const {
    const Graph& g = out_.graph;
    const std::size_t used = g.nodes_.size() * sizeof g.nodes_[0] +
                             g.runs_.size() * sizeof g.runs_[0] +
                             g.composites_.size() * sizeof g.composites_[0] +
                             g.edges_.size() * sizeof(NodeId) + stack_.memory_bytes();
    if (used > limits_.memory_bytes) stack_.fail("needs more memory than allowed");
  }

  ByteView stream_;
  std::size_t buffer_count_;
  ScanLimits limits_;
  ScannedPickle out_;
  std::size_t at_ = 0;
  Instruction in_;
  PickleStack stack_;
  std::size_t buffers_used_ = 0;
  NodeId interning_label_ = kNoNode, other_label_ = kNoNode;  // labels looked at last
  NodeId none_ = kNoNode, true_ = kNoNode, false_ = kNoNode;
  std::array<NodeId, 256> small_ints_{};
};

ScannedPickle scan_pickle(ByteView stream, std::size_t buffer_count, const ScanLimits& limits) {
  return PickleScanner(stream, buffer_count, limits).run();
}

}  // namespace chkpt::inspect
