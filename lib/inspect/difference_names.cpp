// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/difference_names.hpp"

#include "inspect/python_values.hpp"

namespace chkpt::inspect {

DifferenceNames::DifferenceNames(const ComparedState& before, const ComparedState& after)
    : before_(before), after_(after) {
  const ProgramState &a = before.program, &b = after.program;
  for (std::size_t i = 0; i < a.modules.size() && i < b.modules.size(); ++i)
    add(a.modules[i].variables, b.modules[i].variables, a.modules[i].name + ".");
  for (std::size_t i = 0; i < a.frames.size() && i < b.frames.size(); ++i)
    add(a.frames[i].locals, b.frames[i].locals, a.frames[i].label() + ".<locals>.");
}

std::string DifferenceNames::path(const std::vector<Visit>& chain) const {
  std::size_t at = chain.size();
  std::string name;
  while (at-- > 0) {
    const auto found = variables_.find(chain[at].nodes);
    if (found == variables_.end()) continue;
    name = found->second;
    break;
  }
  if (name.empty()) return unnamed(chain);
  for (;;) {
    const std::size_t next = next_part(chain, at, &name);
    if (next == at) return name;
    at = next;
  }
}

void DifferenceNames::add(const std::vector<NamedValue>& a, const std::vector<NamedValue>& b,
                          const std::string& prefix) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (a[i].name == b[i].name)
      variables_.emplace(Pair(a[i].value, b[i].value), prefix + a[i].name);
}

// The last object on the chain that is a named part of chain[at]; `at` if there is none.
std::size_t DifferenceNames::next_part(const std::vector<Visit>& chain, std::size_t at,
                                       std::string* name) const {
  std::size_t total = 0;
  const auto [a, b] = chain[at].nodes;
  const auto mine = parts_of(before_.objects, before_.objects.resolve(a), SIZE_MAX, &total);
  const auto theirs = parts_of(after_.objects, after_.objects.resolve(b), SIZE_MAX, &total);
  std::map<Pair, std::string> parts;
  for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i)
    parts.emplace(Pair(mine[i].value, theirs[i].value), mine[i].suffix);
  for (std::size_t next = chain.size() - 1; next > at; --next) {
    const auto found = parts.find(chain[next].nodes);
    if (found == parts.end()) continue;
    *name += found->second;
    return next;
  }
  return at;
}

// An entry by what stands first in it: names and places do.
std::string DifferenceNames::item_text(const Visit& visit) const {
  const Graph& graph = before_.graph();
  const NodeId n = visit.nodes.first;
  const NodeId first = graph.kind(n) == Kind::kTuple ? graph.child(n, Role::kItems, 0) : kNoNode;
  const bool tells =
      first != kNoNode && (graph.kind(first) == Kind::kText || graph.kind(first) == Kind::kTuple);
  return "[" + std::to_string(visit.index) +
         (tells ? ": " + short_value(before_.objects, first, kShownWidth) : "") + "]";
}

// What no variable leads to: "process.random", "deferred containers".
std::string DifferenceNames::unnamed(const std::vector<Visit>& chain) const {
  std::string name;
  for (const Visit& visit : chain) {
    if (visit.role == Role::kItems) name += item_text(visit);
    if (visit.role != Role::kPairs || visit.index % 2 == 0) continue;
    const NodeId container = chain[static_cast<std::size_t>(&visit - chain.data()) - 1].nodes.first;
    const NodeId key = before_.graph().child(container, Role::kPairs, visit.index - 1);
    name += (name.empty() ? "" : ".") + short_value(before_.objects, key, kShownWidth);
  }
  return name.empty() ? "the saved state" : name;
}

}  // namespace chkpt::inspect
