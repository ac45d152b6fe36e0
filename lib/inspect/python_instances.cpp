// SPDX-License-Identifier: BSD-3-Clause
// Attributes of instances: how lib/python/heap and ordinary pickles carry __dict__ and slots.
#include <utility>

#include "inspect/python_objects.hpp"

namespace chkpt::inspect {
namespace {

// Items of the states that lib/python/heap gives to what is not a plain instance.
constexpr std::size_t kNativeInstance = 0;
constexpr std::size_t kExceptionInstance = 1;
constexpr int kDeepestBases = 32;

}  // namespace

// What a state setter was called with, beside the object.
NodeId PythonObjects::setter_state(NodeId n) const {
  if (n == kNoNode) return kNoNode;
  const NodeId effect = graph_.child(n, Role::kEffect, 0);
  return effect == kNoNode ? kNoNode : argument(effect, 1);
}

// The instance's own state, however the pickle carries it: as the argument of BUILD or of a state
// setter, alone or as a part of more.
NodeId PythonObjects::instance_state(NodeId n) const {
  const std::string name = callable(n);
  const NodeId state = setter_state(n);
  if (state == kNoNode) return built_with(n);
  if (name == "R:native" || name == "R:exception") {
    if (graph_.kind(state) != Kind::kTuple) return kNoNode;
    return graph_.child(state, Role::kItems,
                        name == "R:native" ? kNativeInstance : kExceptionInstance);
  }
  return state;
}

void PythonObjects::add_dict(NodeId dict, std::size_t limit, std::vector<Attribute>* out) const {
  if (graph_.kind(resolve(dict)) != Kind::kDict && !is_deferred(dict)) return;
  for (const auto& [key, value] : pairs(dict, limit)) {
    if (out->size() < limit && graph_.kind(key) == Kind::kText) {
      out->push_back({graph_.text(key), value});
    }
  }
}

// A dict, or (dict or None, slots as a dict or as a tuple in the order of the class).
std::vector<Attribute> PythonObjects::attributes(NodeId n, std::size_t limit) const {
  std::vector<Attribute> out;
  const NodeId state = instance_state(n);
  if (state == kNoNode) return out;
  if (graph_.kind(resolve(state)) != Kind::kTuple) {
    add_dict(state, limit, &out);
    return out;
  }
  const std::vector<NodeId> halves = graph_.children(resolve(state), Role::kItems, 2);
  for (const NodeId half : halves) add_dict(half, limit, &out);
  if (halves.size() < 2 || graph_.kind(halves[1]) != Kind::kTuple) return out;
  const std::vector<std::string> names = slot_names(argument(n, 0), 0);
  const std::vector<NodeId> values = graph_.children(halves[1], Role::kItems);
  for (std::size_t i = 0; i < values.size() && names.size() == values.size(); ++i) {
    if (out.size() < limit && !is_empty_slot(values[i])) out.push_back({names[i], values[i]});
  }
  return out;
}

// Slots of a class saved by value, base classes first, as lib/python/heap orders them.
std::vector<std::string> PythonObjects::slot_names(NodeId cls, int depth) const {
  std::vector<std::string> out;
  if (callable(cls) != "R:class" || depth > kDeepestBases) return out;
  const NodeId bases = argument(cls, 2);
  if (bases != kNoNode && graph_.kind(bases) == Kind::kTuple) {
    for (const NodeId base : graph_.children(bases, Role::kItems)) {
      for (std::string& name : slot_names(base, depth + 1)) out.push_back(std::move(name));
    }
  }
  for (const auto& [key, value] : pairs(argument(cls, 3), SIZE_MAX)) {
    if (graph_.kind(key) != Kind::kText || graph_.raw_text(key) != "__slots__") continue;
    if (graph_.kind(value) != Kind::kTuple) continue;
    for (const NodeId name : graph_.children(value, Role::kItems)) {
      const std::string text = graph_.text(name);
      if (text != "__dict__" && text != "__weakref__") out.push_back(text);
    }
  }
  return out;
}

}  // namespace chkpt::inspect
