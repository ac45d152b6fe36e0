// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/python_objects.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "inspect/numpy_labels.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::size_t kLabelItems = 4;
constexpr std::size_t kSearchedArguments = 16;
constexpr char kOurs[] = "R:";

std::string last_component(const std::string& dotted) {
  const std::size_t dot = dotted.rfind('.');
  return dot == std::string::npos ? dotted : dotted.substr(dot + 1);
}

// Callables that are not the class of what they make, but take it as their first argument.
bool takes_class_first(const std::string& callable) {
  constexpr std::array<std::string_view, 5> kNames{"copyreg._reconstructor", "copyreg.__newobj__",
                                                   "copyreg.__newobj_ex__", "R:object",
                                                   "R:exception"};
  return std::find(kNames.begin(), kNames.end(), callable) != kNames.end();
}

}  // namespace

PythonObjects::PythonObjects(const Graph& graph, const std::vector<NodeId>& deferred,
                             std::vector<BufferFacts> buffers)
    : graph_(graph), buffers_(std::move(buffers)) {
  for (const NodeId batch : deferred) {
    if (graph_.kind(batch) != Kind::kTuple) continue;
    const NodeId first = graph_.child(batch, Role::kItems, 0);
    const NodeId list = graph_.child(batch, Role::kItems, 1);
    if (first == kNoNode || list == kNoNode || graph_.kind(list) != Kind::kList) continue;
    const auto start = graph_.integer(first);
    if (!start || *start < 0) continue;
    auto number = static_cast<std::uint64_t>(*start);
    for (const NodeId contents : graph_.children(list, Role::kItems)) {
      deferred_.emplace(number++, contents);
    }
  }
}

std::vector<std::string> PythonObjects::label(NodeId n) const {
  std::vector<std::string> out;
  if (n == kNoNode || graph_.kind(n) != Kind::kPersistent) return out;
  const NodeId id = graph_.child(n, Role::kParts, 0);
  if (id == kNoNode || graph_.kind(id) != Kind::kTuple) return out;
  for (const NodeId item : graph_.children(id, Role::kItems, kLabelItems)) {
    const Kind kind = graph_.kind(item);
    out.push_back(kind == Kind::kInt ? graph_.integer_text(item) : graph_.text(item));
  }
  return out;
}

NodeId PythonObjects::resolve(NodeId n) const {
  if (!is_deferred(n)) return n;
  const NodeId id = graph_.child(n, Role::kParts, 0);
  const auto number = graph_.integer(graph_.child(id, Role::kItems, 1));
  if (!number || *number < 0) return n;
  const auto found = deferred_.find(static_cast<std::uint64_t>(*number));
  return found == deferred_.end() ? n : found->second;
}

bool PythonObjects::is_deferred(NodeId n) const {
  const std::vector<std::string> parts = label(n);
  return parts.size() >= 3 && parts[0] == "X";
}

bool PythonObjects::is_empty_slot(NodeId n) const {
  const std::vector<std::string> parts = label(n);
  return parts.size() >= 2 && parts[0] == "R" && parts[1] == "null";
}

NodeId PythonObjects::through_cell(NodeId n) const {
  if (callable(n) != "R:cell") return n;
  for (const NodeId effect : graph_.children(n, Role::kEffect, 1)) return argument(effect, 1);
  for (const NodeId state : graph_.children(n, Role::kState, 1)) return state;
  return argument(n, 0);
}

std::string PythonObjects::callable(NodeId call) const {
  if (call == kNoNode || graph_.kind(call) != Kind::kCall) return {};
  const NodeId target = graph_.child(call, Role::kParts, 0);
  if (target == kNoNode) return {};
  const std::vector<std::string> parts = label(target);
  if (parts.size() >= 2) return parts[0] == "R" ? kOurs + parts[1] : parts.back();
  return graph_.global_name(target);
}

NodeId PythonObjects::argument(NodeId call, std::size_t index) const {
  const NodeId arguments = graph_.child(call, Role::kParts, 1);
  if (arguments == kNoNode || graph_.kind(arguments) != Kind::kTuple) return kNoNode;
  return graph_.child(arguments, Role::kItems, index);
}

bool PythonObjects::is_class(NodeId n) const { return callable(n) == "R:class"; }
bool PythonObjects::is_function(NodeId n) const { return callable(n) == "R:function"; }
bool PythonObjects::is_code(NodeId n) const { return callable(n) == "R:code"; }
bool PythonObjects::is_module(NodeId n) const {
  const std::vector<std::string> parts = label(n);
  return !parts.empty() && (parts[0] == "m" || parts[0] == "M");
}

std::string PythonObjects::class_name(NodeId cls) const {
  if (cls == kNoNode) return "object";
  if (is_class(cls)) {
    for (std::size_t i = 0; i < kSearchedArguments; ++i) {
      const NodeId item = argument(cls, i);
      if (item != kNoNode && graph_.kind(item) == Kind::kText) return graph_.text(item);
    }
  }
  const std::string global = graph_.global_name(cls);
  if (!global.empty()) return last_component(global);
  const std::vector<std::string> parts = label(cls);
  return parts.size() >= 2 && parts[0] != "R" ? last_component(parts.back()) : "object";
}

std::string PythonObjects::type_name(NodeId n) const {
  switch (graph_.kind(n)) {
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kText:
      return "str";
    case Kind::kBytes:
      return "bytes";
    case Kind::kByteArray:
      return "bytearray";
    case Kind::kTuple:
      return "tuple";
    case Kind::kList:
      return "list";
    case Kind::kDict:
      return "dict";
    case Kind::kSet:
      return "set";
    case Kind::kFrozenSet:
      return "frozenset";
    case Kind::kGlobal:
      return "reference";
    case Kind::kExtension:
      return "extension";
    case Kind::kBuffer:
      return "buffer";
    case Kind::kPersistent:
      break;
    case Kind::kCall: {
      if (const auto found = array(n)) return class_of_array(*this, n);
      const std::string name = callable(n);
      if (const std::string scalar = numpy_scalar_type(*this, n); !scalar.empty()) return scalar;
      if (takes_class_first(name)) return class_name(argument(n, 0));
      if (name.rfind(kOurs, 0) == 0) return name.substr(2);
      return class_name(graph_.child(n, Role::kParts, 0));
    }
  }
  if (is_module(n)) return "module";
  const std::vector<std::string> parts = label(n);
  if (is_deferred(n)) return parts[2] == "d" ? "dict" : "set";
  if (!parts.empty() && (parts[0] == "d" || parts[0] == "D")) return "dict";
  if (!parts.empty() && parts[0] == "f") return "frame";
  return "reference";
}

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
      if (n != original) return std::nullopt;  // an opaque table
      return graph_.count(n, Role::kItems);
    case Kind::kDict:
      return graph_.count(n, Role::kPairs) / 2;
    case Kind::kCall: {
      const std::size_t items = graph_.count(n, Role::kItems);
      const std::size_t entries = graph_.count(n, Role::kPairs) / 2;
      if (items + entries == 0) return std::nullopt;
      return items + entries;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Array> PythonObjects::array(NodeId n) const {
  return n == kNoNode || graph_.kind(n) != Kind::kCall ? std::nullopt : read_array(*this, n);
}

std::vector<std::pair<NodeId, NodeId>> PythonObjects::pairs(NodeId n, std::size_t limit) const {
  n = resolve(n);
  std::vector<std::pair<NodeId, NodeId>> out;
  if (n == kNoNode) return out;
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

// The instance's own dict and its slots, however the pickle carries them: as the argument of BUILD
// or of a state setter, as a dict or as (dict or None, dict of slots).
std::vector<std::pair<NodeId, NodeId>> PythonObjects::attributes(NodeId n,
                                                                 std::size_t limit) const {
  std::vector<NodeId> states = graph_.children(n, Role::kState);
  for (const NodeId effect : graph_.children(n, Role::kEffect)) {
    if (const NodeId state = argument(effect, 1); state != kNoNode) states.push_back(state);
  }
  std::vector<std::pair<NodeId, NodeId>> out;
  const auto add_from = [&](NodeId dict) {
    for (const auto& [key, value] : pairs(dict, limit)) {
      if (out.size() < limit && graph_.kind(key) == Kind::kText) out.emplace_back(key, value);
    }
  };
  for (const NodeId state : states) {
    const NodeId real = resolve(state);
    if (graph_.kind(real) == Kind::kTuple) {
      for (const NodeId half : graph_.children(real, Role::kItems, 2)) {
        if (graph_.kind(resolve(half)) == Kind::kDict || is_deferred(half)) add_from(half);
      }
    } else if (graph_.kind(real) == Kind::kDict || is_deferred(state)) {
      add_from(state);
    }
  }
  return out;
}

}  // namespace chkpt::inspect
