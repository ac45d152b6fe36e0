// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/stored_size.hpp"

namespace chkpt::inspect {

SizeMeter::SizeMeter(const PythonObjects& objects, std::uint64_t visit_budget)
    : objects_(objects), budget_(visit_budget), seen_in_walk_(objects.graph().size(), 0) {}

StoredSize SizeMeter::measure(NodeId start) {
  const Graph& graph = objects_.graph();
  StoredSize out;
  ++walk_;
  pending_.clear();
  push(start);
  while (!pending_.empty()) {
    if (budget_ == 0) {
      out.complete = false;
      break;
    }
    --budget_;
    const NodeId n = pending_.back();
    pending_.pop_back();
    if (n != start && is_only_referred_to(n)) continue;
    out.bytes += graph.own_bytes(n);
    if (graph.kind(n) == Kind::kBuffer) {
      const std::uint64_t index = graph.number(n);
      if (index < objects_.buffers().size()) out.bytes += objects_.buffers()[index].bytes;
    }
    graph.each_edge(n, [&](NodeId child) { push(child); });
    if (const NodeId contents = objects_.resolve(n); contents != n) push(contents);
  }
  return out;
}

void SizeMeter::push(NodeId n) {
  if (seen_in_walk_[n] == walk_) return;
  seen_in_walk_[n] = walk_;
  pending_.push_back(n);
}

bool SizeMeter::is_only_referred_to(NodeId n) const {
  const Kind kind = objects_.graph().kind(n);
  if (kind == Kind::kGlobal) return true;
  if (kind != Kind::kCall) return false;
  const std::string name = objects_.callable(n);
  return name == "R:class" || name == "R:function" || name == "R:code";
}

}  // namespace chkpt::inspect
