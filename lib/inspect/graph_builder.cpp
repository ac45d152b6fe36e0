// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/graph_builder.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace chkpt::inspect {

GraphBuilder::GraphBuilder(ByteView stream, std::size_t buffer_count, std::size_t memory_bytes)
    : graph_(stream),
      stack_(std::min<std::size_t>(stream.size, memory_bytes / sizeof(NodeId))),
      buffer_count_(buffer_count),
      memory_bytes_(memory_bytes) {}

NodeId GraphBuilder::add(Kind kind) {
  Graph& g = graph_;
  if (g.nodes_.size() >= kNoNode) stack_.fail("more than 4 billion objects");
  std::uint32_t extra = 0;
  if (Graph::is_composite(kind)) {
    extra = static_cast<std::uint32_t>(g.composites_.size());
    g.composites_.emplace_back();
  }
  g.nodes_.push_back({offset_, extra, kind});
  return static_cast<NodeId>(g.nodes_.size() - 1);
}

void GraphBuilder::connect(NodeId from, Role role, const std::vector<NodeId>& to) {
  if (to.empty()) return;
  Graph& g = graph_;
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

void GraphBuilder::push_shared(NodeId* shared, Kind kind) {
  if (*shared == kNoNode) *shared = add(kind);
  stack_.push(*shared);
}

void GraphBuilder::push_with(Kind kind, Role role, const std::vector<NodeId>& parts) {
  const NodeId n = add(kind);
  connect(n, role, parts);
  stack_.push(n);
}

void GraphBuilder::grow(Kind plain, Role role, const std::vector<NodeId>& more) {
  const NodeId target = stack_.top();
  const Kind kind = graph_.kind(target);
  if (kind != plain && kind != Kind::kCall && kind != Kind::kPersistent) {
    stack_.fail("items added to something that is no container");
  }
  connect(target, role, more);
}

void GraphBuilder::push_call(const std::vector<NodeId>& parts) {
  push_with(Kind::kCall, Role::kParts, parts);
}

// chkpt's pickler writes an interned string as a call of ('R', 'interned') with the string: the
// string itself stands for it, so that names are text wherever they are used.
void GraphBuilder::reduce() {
  const std::vector<NodeId> parts = stack_.pop(2);
  const Graph& g = graph_;
  const Ours which = g.kind(parts[1]) == Kind::kTuple ? which_of_ours(parts[0]) : Ours::kOther;
  if (which == Ours::kInterned) {
    const NodeId string = g.child(parts[1], Role::kItems, 0);
    if (string != kNoNode && g.kind(string) == Kind::kText) {
      stack_.push(string);
      return;
    }
  } else if (which != Ours::kOther && reduce_hashed(parts[1])) {
    return;
  }
  push_call(parts);
}

// ('R', 'hashed') with a hash in front of the call that makes the object: that call is what counts,
// the hash is noted beside it.
bool GraphBuilder::reduce_hashed(NodeId arguments) {
  constexpr std::size_t kOwnItems = 2;  // hash, callable
  const std::vector<NodeId> items = graph_.children(arguments, Role::kItems);
  if (items.size() < kOwnItems || graph_.kind(items[0]) != Kind::kBytes) return false;
  const NodeId rest = add(Kind::kTuple);
  connect(rest, Role::kItems, std::vector<NodeId>(items.begin() + kOwnItems, items.end()));
  push_call({items[1], rest});
  connect(stack_.top(), Role::kHash, {items[0]});
  return true;
}

// A text is an interned string that its call has already given. ('E', replacement) is where an
// object was that the script had excluded: what a resume puts there is what counts. ('h', label,
// hash) is a label with a hash.
void GraphBuilder::persistent() {
  NodeId label = stack_.pop(1)[0], hash = kNoNode;
  const Graph& g = graph_;
  if (g.kind(label) == Kind::kText) {
    stack_.push(label);
    return;
  }
  const std::size_t items = g.kind(label) == Kind::kTuple ? g.count(label, Role::kItems) : 0;
  const std::string_view tag = items > 0 ? g.raw_text(g.child(label, Role::kItems, 0)) : "";
  if (items == 2 && tag == "E") {
    stack_.push(g.child(label, Role::kItems, 1));
    return;
  }
  if (items == 3 && tag == "h") {
    hash = g.child(label, Role::kItems, 2);
    label = g.child(label, Role::kItems, 1);
  }
  push_with(Kind::kPersistent, Role::kParts, {label});
  if (hash != kNoNode) connect(stack_.top(), Role::kHash, {hash});
}

GraphBuilder::Ours GraphBuilder::which_of_ours(NodeId callable) {
  const Graph& g = graph_;
  if (g.kind(callable) != Kind::kPersistent) return Ours::kOther;
  const NodeId label = g.child(callable, Role::kParts, 0);
  if (label == kNoNode || g.kind(label) != Kind::kTuple) return Ours::kOther;
  const auto known = ours_.find(label);
  if (known != ours_.end()) return known->second;
  if (g.count(label, Role::kItems) != 2 || g.raw_text(g.child(label, Role::kItems, 0)) != "R")
    return Ours::kOther;
  const std::string_view name = g.raw_text(g.child(label, Role::kItems, 1));
  const bool hashed = name == "hashed" || name == "hashed.instance";
  const Ours found = name == "interned" ? Ours::kInterned : hashed ? Ours::kHashed : Ours::kOther;
  ours_.emplace(label, found);
  return found;
}

void GraphBuilder::build() {
  const std::vector<NodeId> state = stack_.pop(1);
  connect(stack_.top(), Role::kState, state);
}

void GraphBuilder::old_style(const std::vector<NodeId>& items) {
  if (items.empty()) stack_.fail("instance without a class");
  const NodeId arguments = add(Kind::kTuple);
  connect(arguments, Role::kItems, std::vector<NodeId>(items.begin() + 1, items.end()));
  push_with(Kind::kCall, Role::kParts, {items[0], arguments});
}

void GraphBuilder::old_style_named(std::vector<NodeId> items) {
  items.insert(items.begin(), add(Kind::kGlobal));
  old_style(items);
}

void GraphBuilder::next_buffer() {
  if (buffers_used_ >= buffer_count_) stack_.fail("more buffers used than stored");
  push(Kind::kBuffer);
  graph_.nodes_.back().extra = static_cast<std::uint32_t>(buffers_used_++);
}

bool GraphBuilder::are_made_alike(NodeId one, NodeId other) const {
  const Graph& g = graph_;
  if (other == kNoNode || g.kind(other) != Kind::kCall) return false;
  const NodeId a = g.child(one, Role::kParts, 0), b = g.child(other, Role::kParts, 0);
  const auto is_label = [&g](NodeId n) { return g.kind(n) == Kind::kPersistent; };
  return a == b ||
         (is_label(a) && is_label(b) && g.child(a, Role::kParts, 0) == g.child(b, Role::kParts, 0));
}

// A call whose result is dropped was made for its effect on its first argument: that is how the
// pickler writes a custom state setter. It also drops what it has begun to write and then met,
// finished, in what its arguments lead to: it takes that one, `next`, instead.
void GraphBuilder::drop_one(NodeId next) {
  const NodeId dropped = stack_.pop_or_unmark();
  if (dropped == kNoNode) return;
  const Graph& g = graph_;
  if (g.kind(dropped) != Kind::kCall || are_made_alike(dropped, next)) return;
  const NodeId arguments = g.child(dropped, Role::kParts, 1);
  if (arguments == kNoNode || g.kind(arguments) != Kind::kTuple) return;
  const NodeId target = g.child(arguments, Role::kItems, 0);
  if (target == kNoNode || !Graph::is_composite(g.kind(target))) return;
  connect(target, Role::kEffect, {dropped});
}

void GraphBuilder::check_memory() const {
  const Graph& g = graph_;
  const std::size_t used = g.nodes_.size() * sizeof g.nodes_[0] +
                           g.runs_.size() * sizeof g.runs_[0] +
                           g.composites_.size() * sizeof g.composites_[0] +
                           g.edges_.size() * sizeof(NodeId) + stack_.memory_bytes();
  if (used > memory_bytes_) stack_.fail("needs more memory than allowed");
}

}  // namespace chkpt::inspect
