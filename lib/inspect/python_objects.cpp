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
constexpr char kPutOff[] = "put off";  // lib/python/heap/reducers.hpp

std::string last_component(const std::string& dotted) {
  const std::size_t dot = dotted.rfind('.');
  return dot == std::string::npos ? dotted : dotted.substr(dot + 1);
}

// Which argument of these callables is the class of what they make; the others are the class.
int class_argument(const std::string& callable) {
  constexpr std::array<std::string_view, 11> kFirst{"copyreg._reconstructor",
                                                    "copyreg.__newobj__",
                                                    "copyreg.__newobj_ex__",
                                                    "R:object",
                                                    "R:registered",
                                                    "R:bare",
                                                    "R:native",
                                                    "R:exception",
                                                    "R:file.buffered",
                                                    "R:numpy.random",
                                                    "R:wrapper"};
  if (std::find(kFirst.begin(), kFirst.end(), callable) != kFirst.end()) return 0;
  return callable == "R:foreign" ? 1 : -1;
}

// The Python type that one of our reconstructors makes, where its name is not the type's.
std::string type_of_rebuilder(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes{{
      {"file.raw", "FileIO"},
      {"file.closed", "FileIO"},
      {"file.std", "FileIO"},
      {"file.std_layer", "BufferedWriter"},
      {"file.text", "TextIOWrapper"},
      {"match", "re.Match"},
      {"rlock", "RLock"},
      {"contextvar", "ContextVar"},
  }};
  for (const auto& [rebuilder, type] : kTypes) {
    if (name == rebuilder) return std::string(type);
  }
  return name;
}

}  // namespace

PythonObjects::PythonObjects(const Graph& graph, const std::vector<NodeId>& deferred,
                             std::vector<BufferFacts> buffers)
    : graph_(graph), buffers_(std::move(buffers)) {
  for (const NodeId batch : deferred) {
    if (graph_.kind(batch) != Kind::kTuple) continue;
    const NodeId first = graph_.child(batch, Role::kItems, 0);
    const NodeId list = graph_.child(batch, Role::kItems, 1);
    if (first != kNoNode && list != kNoNode && graph_.kind(first) == Kind::kText &&
        graph_.raw_text(first) == kPutOff && graph_.kind(list) == Kind::kTuple) {
      put_off_.emplace(graph_.child(list, Role::kItems, 0), graph_.child(list, Role::kItems, 1));
      continue;
    }
    if (first == kNoNode || list == kNoNode || graph_.kind(list) != Kind::kList) continue;
    const auto start = graph_.integer(first);
    if (!start || *start < 0) continue;
    auto number = static_cast<std::uint64_t>(*start);
    for (const NodeId contents : graph_.children(list, Role::kItems)) {
      deferred_.emplace(number++, contents);
    }
  }
}

NodeId PythonObjects::built_with(NodeId n) const {
  const auto put_off = put_off_.find(n);
  return put_off != put_off_.end() ? put_off->second : graph_.child(n, Role::kState, 0);
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

bool PythonObjects::is_of_own_class(NodeId n) const {
  if (n == kNoNode || graph_.kind(n) != Kind::kCall) return false;
  const int index = class_argument(callable(n));
  const NodeId cls =
      index < 0 ? graph_.child(n, Role::kParts, 0) : argument(n, static_cast<std::size_t>(index));
  return callable(cls) == "R:class";
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
      if (name.rfind(kOurs, 0) == 0) return type_of_rebuilder(name.substr(2));
      return class_name(graph_.child(n, Role::kParts, 0));
    }
  }
  if (is_module(n)) return "module";
  const std::vector<std::string> parts = label(n);
  if (is_deferred(n)) return parts[2] == "d" ? "dict" : "set";
  if (!parts.empty() && (parts[0] == "d" || parts[0] == "D")) return "dict";
  if (!parts.empty() && parts[0] == "f") return "frame";
  if (!parts.empty() && (parts[0] == "i" || parts[0] == "a" || parts[0] == "t")) {
    return "int";
  }
  if (!parts.empty() && parts[0] == "Z") return "frozenset";
  return "reference";
}

std::optional<Array> PythonObjects::array(NodeId n) const {
  return n == kNoNode || graph_.kind(n) != Kind::kCall ? std::nullopt : read_array(*this, n);
}

}  // namespace chkpt::inspect
