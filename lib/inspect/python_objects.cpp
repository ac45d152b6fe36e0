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

// Which argument of these callables is the class of what they make; the others are the class.
int class_argument(const std::string& callable) {
  constexpr std::array<std::string_view, 6> kFirst{"copyreg._reconstructor",
                                                   "copyreg.__newobj__",
                                                   "copyreg.__newobj_ex__",
                                                   "R:object",
                                                   "R:native",
                                                   "R:exception"};
  if (std::find(kFirst.begin(), kFirst.end(), callable) != kFirst.end()) return 0;
  return callable == "R:foreign" ? 1 : -1;
}

// Items of the state that lib/python/heap gives instances of subclasses of C types.
enum NativeState : std::size_t { kNativeInstance = 0, kNativeItems = 3, kNativePairs = 4 };
constexpr std::size_t kExceptionInstance = 1;
constexpr int kDeepestBases = 32;

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
  const NodeId contents = setter_state(n);
  if (contents == kNoNode || graph_.kind(contents) != Kind::kTuple) return kNoNode;
  return graph_.child(contents, Role::kItems, 0);
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
      if (name == "R:hidden_type") return "type";
      if (const int i = class_argument(name); i >= 0) {
        return class_name(argument(n, static_cast<std::size_t>(i)));
      }
      if (name.rfind(kOurs, 0) == 0) return name.substr(2);
      return class_name(graph_.child(n, Role::kParts, 0));
    }
  }
  if (is_module(n)) return "module";
  const std::vector<std::string> parts = label(n);
  if (is_deferred(n)) return parts[2] == "d" ? "dict" : "set";
  if (!parts.empty() && (parts[0] == "d" || parts[0] == "D")) return "dict";
  if (!parts.empty() && parts[0] == "f") return "frame";
  if (!parts.empty() && parts[0] == "Z") return "frozenset";
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
      if (n != original) {  // the pairs of a dict, or a set's opaque table
        if (type_name(original) != "dict") return std::nullopt;
      }
      return graph_.count(n, Role::kItems);
    case Kind::kDict:
      return graph_.count(n, Role::kPairs) / 2;
    case Kind::kCall: {
      std::size_t total = graph_.count(n, Role::kItems) + graph_.count(n, Role::kPairs) / 2;
      for (const std::size_t part : {kNativeItems, kNativePairs}) {
        const NodeId list = native_part(n, part);
        if (list != kNoNode) total += graph_.count(list, Role::kItems);
      }
      return total > 0 ? std::optional<std::uint64_t>(total) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Array> PythonObjects::array(NodeId n) const {
  return n == kNoNode || graph_.kind(n) != Kind::kCall ? std::nullopt : read_array(*this, n);
}

std::vector<std::pair<NodeId, NodeId>> PythonObjects::pairs(NodeId n, std::size_t limit) const {
  std::vector<std::pair<NodeId, NodeId>> out;
  if (n == kNoNode) return out;
  const NodeId inner = native_part(n, kNativePairs);
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
  const NodeId inner = native_part(n, kNativeItems);
  return graph_.children(inner != kNoNode ? inner : n, Role::kItems, limit);
}

// What a state setter was called with, beside the object.
NodeId PythonObjects::setter_state(NodeId n) const {
  if (n == kNoNode) return kNoNode;
  const NodeId effect = graph_.child(n, Role::kEffect, 0);
  return effect == kNoNode ? kNoNode : argument(effect, 1);
}

NodeId PythonObjects::native_part(NodeId n, std::size_t index) const {
  if (callable(n) != "R:native") return kNoNode;
  const NodeId state = setter_state(n);
  if (state == kNoNode || graph_.kind(state) != Kind::kTuple) return kNoNode;
  const NodeId part = graph_.child(state, Role::kItems, index);
  return part != kNoNode && graph_.kind(part) == Kind::kList ? part : kNoNode;
}

// The instance's own state, however the pickle carries it: as the argument of BUILD or of a state
// setter, alone or as a part of more.
NodeId PythonObjects::instance_state(NodeId n) const {
  const std::string name = callable(n);
  const NodeId state = setter_state(n);
  if (state == kNoNode) return graph_.child(n, Role::kState, 0);
  if (name == "R:native" || name == "R:exception") {
    if (graph_.kind(state) != Kind::kTuple) return kNoNode;
    return graph_.child(state, Role::kItems,
                        name == "R:native" ? std::size_t{kNativeInstance} : kExceptionInstance);
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
