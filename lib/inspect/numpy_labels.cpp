// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/numpy_labels.hpp"

#include <cstdlib>
#include <string_view>

namespace chkpt::inspect {
namespace {

constexpr std::size_t kSearchedArguments = 12;
constexpr std::size_t kMaxDimensions = 64;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}
bool is_numpy(std::string_view name) { return name.substr(0, 6) == "numpy."; }

bool is_dtype(const PythonObjects& objects, NodeId n) {
  return n != kNoNode && objects.callable(n) == "numpy.dtype";
}

// A tuple of non-negative integers.
bool read_shape(const Graph& graph, NodeId n, std::vector<std::uint64_t>* shape) {
  if (n == kNoNode || graph.kind(n) != Kind::kTuple) return false;
  if (graph.count(n, Role::kItems) > kMaxDimensions) return false;
  std::vector<std::uint64_t> out;
  for (const NodeId item : graph.children(n, Role::kItems)) {
    const auto extent = graph.integer(item);
    if (!extent || *extent < 0) return false;
    out.push_back(static_cast<std::uint64_t>(*extent));
  }
  *shape = out;
  return true;
}

// numpy.core.multiarray._reconstruct(...) + BUILD (version, shape, dtype, fortran order, data).
std::optional<Array> read_reconstructed(const PythonObjects& objects, NodeId call) {
  const Graph& graph = objects.graph();
  const NodeId state = graph.child(call, Role::kState, 0);
  Array out;
  if (state == kNoNode || graph.kind(state) != Kind::kTuple) return out;
  const NodeId dtype = graph.child(state, Role::kItems, 2);
  if (is_dtype(objects, dtype)) out.dtype = dtype_name(objects, dtype);
  out.shape_known = read_shape(graph, graph.child(state, Role::kItems, 1), &out.shape);
  return out;
}

// A call whose arguments hold a dtype, a shape and memory: a buffer, bytes or another array.
std::optional<Array> read_from_arguments(const PythonObjects& objects, NodeId call) {
  const Graph& graph = objects.graph();
  Array out;
  bool has_dtype = false;
  bool has_memory = false;
  for (std::size_t i = 0; i < kSearchedArguments; ++i) {
    const NodeId item = objects.argument(call, i);
    if (item == kNoNode) break;
    const Kind kind = graph.kind(item);
    if (!has_dtype && is_dtype(objects, item)) {
      out.dtype = dtype_name(objects, item);
      has_dtype = true;
    } else if (!out.shape_known && read_shape(graph, item, &out.shape)) {
      out.shape_known = true;
    } else if (kind == Kind::kBuffer || kind == Kind::kBytes || kind == Kind::kByteArray) {
      has_memory = true;
    } else if (kind == Kind::kCall && out.base == kNoNode && item < call) {
      const std::string name = objects.callable(item);
      if (name != "numpy.dtype" && name != "R:class") out.base = item;
    }
  }
  if (!has_dtype || !(has_memory || out.base != kNoNode || out.shape_known)) return std::nullopt;
  if (has_memory) out.base = kNoNode;
  return out;
}

}  // namespace

std::optional<Array> read_array(const PythonObjects& objects, NodeId call) {
  const std::string name = objects.callable(call);
  if (is_numpy(name) && ends_with(name, "._reconstruct")) return read_reconstructed(objects, call);
  const bool rebuilds = (is_numpy(name) && ends_with(name, "._frombuffer")) ||
                        (name.rfind("R:", 0) == 0 && name.find("array") != std::string::npos);
  return rebuilds ? read_from_arguments(objects, call) : std::nullopt;
}

std::string class_of_array(const PythonObjects& objects, NodeId call) {
  const NodeId first = objects.argument(call, 0);
  const std::string name = first == kNoNode ? "" : objects.graph().global_name(first);
  return name.empty() ? "ndarray" : name.substr(name.rfind('.') + 1);
}

std::string numpy_scalar_type(const PythonObjects& objects, NodeId call) {
  const std::string name = objects.callable(call);
  if (!is_numpy(name) || !ends_with(name, ".multiarray.scalar")) return {};
  const std::string type = dtype_name(objects, objects.argument(call, 0));
  return type.empty() ? "" : "numpy." + type;
}

std::string dtype_name(const PythonObjects& objects, NodeId dtype) {
  if (!is_dtype(objects, dtype)) return {};
  const Graph& graph = objects.graph();
  const NodeId code = objects.argument(dtype, 0);
  if (code == kNoNode || graph.kind(code) != Kind::kText) return {};
  const std::string name = dtype_name(graph.raw_text(code));
  const NodeId state = graph.child(dtype, Role::kState, 0);
  if (state == kNoNode || graph.kind(state) != Kind::kTuple) return name;
  const NodeId order = graph.child(state, Role::kItems, 1);
  const bool big = order != kNoNode && graph.raw_text(order) == ">";
  return big ? ">" + graph.text(code) : name;
}

std::string dtype_name(std::string_view code) {
  if (code.size() < 2) return std::string(code);
  const std::string size(code.substr(1));
  const std::string bits = std::to_string(8 * std::strtoul(size.c_str(), nullptr, 10));
  switch (code[0]) {
    case 'f':
      return "float" + bits;
    case 'i':
      return "int" + bits;
    case 'u':
      return "uint" + bits;
    case 'c':
      return "complex" + bits;
    case 'b':
      return "bool";
    case 'O':
      return "object";
    case 'U':
      return "<U" + size;
    case 'M':
      return "datetime64";
    case 'm':
      return "timedelta64";
    default:
      return std::string(code);
  }
}

}  // namespace chkpt::inspect
