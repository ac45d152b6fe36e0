// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_scanner.hpp"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "inspect/graph_builder.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::uint64_t kHighestProtocol = 5;

// One instruction after the other, by family; what they build is GraphBuilder's work.
class PickleScanner : private GraphBuilder {
 public:
  PickleScanner(ByteView stream, std::size_t buffer_count, const ScanLimits& limits)
      : GraphBuilder(stream, buffer_count, limits.memory_bytes), stream_(stream) {
    small_ints_.fill(kNoNode);
  }

  ScannedPickle run() {
    while (at_ < stream_.size) {
      in_ = decode_instruction(stream_, at_);
      at_ = in_.end();
      at(in_.offset);
      step();
      check_memory();
    }
    if (in_.length > 0 && in_.opcode != op::kStop) stack_.fail("stream ends without STOP");
    return {std::move(graph_), std::move(roots_)};
  }

 private:
  using Ids = std::vector<NodeId>;

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
        persistent();
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
        roots_.push_back(stack_.pop_only());
        return true;
      case op::kMark:
        stack_.push_mark();
        return true;
      case op::kPop:
        drop_one(taken_next());
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

  NodeId taken_next() const {
    if (at_ >= stream_.size) return kNoNode;
    const Instruction next = decode_instruction(stream_, at_);
    const bool takes = next.opcode == op::kBinGet || next.opcode == op::kLongBinGet;
    return takes ? stack_.recall(next.number) : kNoNode;
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

  ByteView stream_;
  std::size_t at_ = 0;
  Instruction in_;
  std::vector<NodeId> roots_;
  NodeId none_ = kNoNode, true_ = kNoNode, false_ = kNoNode;
  std::array<NodeId, 256> small_ints_{};
};

}  // namespace

ScannedPickle scan_pickle(ByteView stream, std::size_t buffer_count, const ScanLimits& limits) {
  return PickleScanner(stream, buffer_count, limits).run();
}

}  // namespace chkpt::inspect
