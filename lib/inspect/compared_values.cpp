// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/compared_values.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "inspect/set_tables.hpp"

namespace chkpt::inspect {
namespace {

// Of a number that may be a NaN or a negative zero.
std::uint64_t bits_of(double number) {
  std::uint64_t bits = 0;
  static_assert(sizeof bits == sizeof number);
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

// From an array on by what it is a view of, to the one that owns the memory; empty if it is none.
std::vector<std::string> memory_of(const ComparedState& side, NodeId array) {
  constexpr std::size_t kOwner = 1;
  std::vector<std::string> kinds;
  for (NodeId at = array; at != kNoNode;) {
    const std::string made_by = side.objects.callable(at);
    if (made_by != "R:numpy.array" && made_by != "R:numpy.view") break;
    kinds.push_back(made_by);
    at = made_by == "R:numpy.view" ? side.objects.argument(at, kOwner) : kNoNode;
  }
  return kinds;
}

}  // namespace

bool is_scalar(Kind kind) {
  return kind < Kind::kTuple || kind == Kind::kExtension || kind == Kind::kBuffer;
}

bool ComparedValues::same_scalar(Kind kind, NodeId a, NodeId b) const {
  const Graph &ga = a_.graph(), &gb = b_.graph();
  switch (kind) {
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return ga.truth(a) == gb.truth(b);
    case Kind::kInt:
      return ga.integer(a) == gb.integer(b) && ga.long_digits(a) == gb.long_digits(b);
    case Kind::kFloat:
      return bits_of(ga.real(a)) == bits_of(gb.real(b));
    case Kind::kExtension:
      return ga.number(a) == gb.number(b);
    case Kind::kBuffer:
      return same_buffer(ga.number(a), gb.number(b));
    default:
      return ga.raw_text(a) == gb.raw_text(b);
  }
}

bool ComparedValues::same_buffer(std::uint64_t a, std::uint64_t b) const {
  if (a >= a_.buffers.size() || b >= b_.buffers.size()) return false;
  const ByteView mine = a_.buffers[a], theirs = b_.buffers[b];
  return mine.size == theirs.size &&
         (mine.size == 0 || std::memcmp(mine.data, theirs.data, mine.size) == 0);
}

bool ComparedValues::is_plain(NodeId a) const {
  const Kind kind = a_.graph().kind(a);
  if (kind != Kind::kTuple) return is_scalar(kind);
  for (const NodeId part : a_.graph().children(a, Role::kItems))
    if (!is_plain(part)) return false;
  return true;
}

bool ComparedValues::is_unordered_set(NodeId a, NodeId b) const {
  const NodeId mine = set_table_of(a_, a), theirs = set_table_of(b_, b);
  if (mine != kNoNode && theirs != kNoNode) return other_hashes(mine, theirs);
  if (mine != kNoNode || theirs != kNoNode) return true;
  for (const NodeId key : set_keys(a_, a))
    if (!is_plain(key)) return true;
  return false;
}

bool ComparedValues::other_hashes(NodeId a, NodeId b) const {
  const std::vector<NodeId> mine = table_entries(a_, a), theirs = table_entries(b_, b);
  if (mine.size() != theirs.size()) return true;
  for (std::size_t i = 1; i < mine.size(); i += 3) {
    // The hash of a number that is an object's address is such a number itself.
    const bool numbers =
        a_.graph().kind(mine[i]) == Kind::kInt && b_.graph().kind(theirs[i]) == Kind::kInt;
    if (!numbers || !same_scalar(Kind::kInt, mine[i], theirs[i])) return true;
  }
  return false;
}

bool ComparedValues::is_array_in_other_memory(NodeId a, NodeId b) const {
  const std::vector<std::string> before = memory_of(a_, a), after = memory_of(b_, b);
  if (before.empty() || after.empty() || before == after) return false;
  const auto mine = a_.objects.array(a), theirs = b_.objects.array(b);
  return mine && theirs && mine->shape_known && theirs->shape_known &&
         mine->shape == theirs->shape && mine->dtype == theirs->dtype;
}

std::vector<NodeId> ComparedValues::pairs_in_order(const std::vector<NodeId>& a,
                                                   const std::vector<NodeId>& b) const {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i + 1 < b.size(); i += 2) {
    if (b_.graph().kind(b[i]) != Kind::kText) return b;
    places[b_.graph().raw_text(b[i])] = i;
  }
  std::vector<NodeId> ordered;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
    if (a_.graph().kind(a[i]) != Kind::kText) return b;
    const auto found = places.find(a_.graph().raw_text(a[i]));
    if (found == places.end()) return b;
    ordered.insert(ordered.end(), {b[found->second], b[found->second + 1]});
  }
  return ordered.size() == b.size() ? ordered : b;
}

}  // namespace chkpt::inspect
