// SPDX-License-Identifier: BSD-3-Clause
// Elements and entries of containers, of subclasses of containers, and of those whose contents
// lib/python/heap writes apart: dicts as lists of pairs, sets as their exact hash tables.
#include <algorithm>
#include <string_view>

#include "inspect/python_objects.hpp"

namespace chkpt::inspect {
namespace {

// Items of the state of a subclass of a C type (lib/python/heap/native_instances.cpp).
enum NativeState : std::size_t { kNativeItems = 3, kNativePairs = 4, kNativeSet = 5 };
// A set's table: (mask, fill, finger, [index, hash, key, ...]).
constexpr std::size_t kTableEntries = 3;
constexpr std::size_t kTableStride = 3;

}  // namespace

std::optional<std::uint64_t> PythonObjects::length(NodeId original) const {
  const NodeId n = resolve(original);
  switch (graph_.kind(n)) {
    case Kind::kText: {
      const std::string_view bytes = graph_.raw_text(n);
      return std::count_if(bytes.begin(), bytes.end(),
                           [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    }
    case Kind::kBytes:
    case Kind::kByteArray:
      return graph_.raw_text(n).size();
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kSet:
    case Kind::kFrozenSet:
      if (is_set_table(original)) return items(original, SIZE_MAX).size();
      return graph_.count(n, Role::kItems);
    case Kind::kDict:
      return graph_.count(n, Role::kPairs) / 2;
    case Kind::kCall: {
      std::size_t total = graph_.count(n, Role::kItems) + graph_.count(n, Role::kPairs) / 2;
      for (const std::size_t part : {kNativeItems, kNativePairs}) {
        const NodeId list = native_part(n, part, Kind::kList);
        if (list != kNoNode) total += graph_.count(list, Role::kItems);
      }
      if (native_part(n, kNativeSet, Kind::kTuple) != kNoNode) total += items(n, SIZE_MAX).size();
      return total > 0 ? std::optional<std::uint64_t>(total) : std::nullopt;
    }
    default:
      if (is_set_table(n)) return items(n, SIZE_MAX).size();
      return std::nullopt;
  }
}

std::vector<std::pair<NodeId, NodeId>> PythonObjects::pairs(NodeId n, std::size_t limit) const {
  std::vector<std::pair<NodeId, NodeId>> out;
  if (n == kNoNode) return out;
  const NodeId inner = native_part(n, kNativePairs, Kind::kList);
  n = inner != kNoNode ? inner : resolve(n);
  const std::size_t wanted = limit > SIZE_MAX / 2 ? SIZE_MAX : 2 * limit;
  const std::vector<NodeId> flat = graph_.children(n, Role::kPairs, wanted);
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) out.emplace_back(flat[i], flat[i + 1]);
  if (!flat.empty() || graph_.kind(n) != Kind::kList) return out;
  for (const NodeId item : graph_.children(n, Role::kItems, limit)) {  // list of (key, value)
    if (graph_.kind(item) != Kind::kTuple || graph_.count(item, Role::kItems) != 2) return {};
    out.emplace_back(graph_.child(item, Role::kItems, 0), graph_.child(item, Role::kItems, 1));
  }
  return out;
}

std::vector<NodeId> PythonObjects::items(NodeId n, std::size_t limit) const {
  if (const NodeId table = set_table(n); table != kNoNode) return table_items(table, limit);
  const NodeId inner = native_part(n, kNativeItems, Kind::kList);
  return graph_.children(inner != kNoNode ? inner : n, Role::kItems, limit);
}

bool PythonObjects::is_set_table(NodeId n) const { return set_table(n) != kNoNode; }

// The table of a set or frozenset that was written as one.
NodeId PythonObjects::set_table(NodeId n) const {
  NodeId table = kNoNode;
  const std::vector<std::string> id = label(n);
  if (id.size() >= 3 && id[0] == "X" && id[2] == "s") {
    table = resolve(n);
  } else if (id.size() >= 3 && id[0] == "Z") {
    table = graph_.child(graph_.child(n, Role::kParts, 0), Role::kItems, 2);
  } else {
    return native_part(n, kNativeSet, Kind::kTuple);
  }
  return table != kNoNode && graph_.kind(table) == Kind::kTuple ? table : kNoNode;
}

std::vector<NodeId> PythonObjects::table_items(NodeId table, std::size_t limit) const {
  std::vector<NodeId> out;
  const NodeId entries = graph_.child(table, Role::kItems, kTableEntries);
  if (entries == kNoNode || graph_.kind(entries) != Kind::kList) return out;
  const std::vector<NodeId> flat = graph_.children(entries, Role::kItems);
  for (std::size_t i = 2; i < flat.size() && out.size() < limit; i += kTableStride) {
    if (!is_empty_slot(flat[i])) out.push_back(flat[i]);  // else an element was removed there
  }
  return out;
}

NodeId PythonObjects::native_part(NodeId n, std::size_t index, Kind kind) const {
  if (callable(n) != "R:native") return kNoNode;
  const NodeId state = setter_state(n);
  if (state == kNoNode || graph_.kind(state) != Kind::kTuple) return kNoNode;
  const NodeId part = graph_.child(state, Role::kItems, index);
  return part != kNoNode && graph_.kind(part) == kind ? part : kNoNode;
}

}  // namespace chkpt::inspect
