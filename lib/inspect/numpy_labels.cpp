// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/numpy_labels.hpp"

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::size_t kMaxDimensions = 64;

bool is_numpy(std::string_view name) { return name.substr(0, 6) == "numpy."; }

bool is_dtype(const PythonObjects& objects, NodeId n) {
  if (n == kNoNode) return false;
  const std::string name = objects.callable(n);
  return name == "numpy.dtype" || name == "R:numpy.dtype";
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

// Where a call that rebuilds an array keeps what; kAbsent where it does not.
struct ArrayCall {
  std::string_view callable;
  std::size_t dtype, shape, base, axes, type;
};
constexpr std::size_t kAbsent = SIZE_MAX;
constexpr std::array<ArrayCall, 7> kArrayCalls{{
    {"numpy.core.numeric._frombuffer", 1, 2, kAbsent, kAbsent, kAbsent},
    {"numpy._core.numeric._frombuffer", 1, 2, kAbsent, kAbsent, kAbsent},
    {"R:numpy.array", 1, 2, kAbsent, 5, 0},
    {"R:numpy.objects", 1, 2, kAbsent, kAbsent, 0},
    {"R:numpy.view", 2, 3, 1, kAbsent, 0},
    {"R:numpy.memmap", 2, 5, kAbsent, kAbsent, 0},
    {"R:numpy.objects.view", kAbsent, 2, 0, kAbsent, 4},
}};

const ArrayCall* find_array_call(const std::string& callable) {
  for (const ArrayCall& call : kArrayCalls) {
    if (call.callable == callable) return &call;
  }
  return nullptr;
}

// The memory was written with its axes in another order.
void put_axes_back(const Graph& graph, NodeId axes, std::vector<std::uint64_t>* shape) {
  std::vector<std::uint64_t> order;
  if (!read_shape(graph, axes, &order) || order.size() != shape->size()) return;
  std::vector<std::uint64_t> out;
  for (const std::uint64_t axis : order) {
    if (axis >= shape->size()) return;
    out.push_back((*shape)[axis]);
  }
  *shape = out;
}

Array read_array_call(const PythonObjects& objects, NodeId call, const ArrayCall& places) {
  const Graph& graph = objects.graph();
  const auto at = [&](std::size_t index) {
    return index == kAbsent ? kNoNode : objects.argument(call, index);
  };
  Array out;
  out.dtype = dtype_name(objects, at(places.dtype));
  out.shape_known = read_shape(graph, at(places.shape), &out.shape);
  if (out.shape_known && at(places.axes) != kNoNode) {
    put_axes_back(graph, at(places.axes), &out.shape);
  }
  out.base = at(places.base);
  return out;
}

}  // namespace

std::optional<Array> read_array(const PythonObjects& objects, NodeId call) {
  const std::string name = objects.callable(call);
  if (const ArrayCall* places = find_array_call(name)) {
    return read_array_call(objects, call, *places);
  }
  if (is_numpy(name) && ends_with(name, "reconstruct")) return read_reconstructed(objects, call);
  return std::nullopt;
}

std::string class_of_array(const PythonObjects& objects, NodeId call) {
  const std::string name = objects.callable(call);
  const ArrayCall* places = find_array_call(name);
  if (places != nullptr && places->type == kAbsent) return "ndarray";
  return objects.class_name(objects.argument(call, places == nullptr ? 0 : places->type));
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
  if (!code.empty() && (code[0] == '<' || code[0] == '|' || code[0] == '=')) code.remove_prefix(1);
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
