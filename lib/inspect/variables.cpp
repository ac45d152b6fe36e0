// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/variables.hpp"

#include <map>
#include <unordered_map>

#include "inspect/python_values.hpp"
#include "inspect/stored_size.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

constexpr int kDeepestBase = 64;
constexpr std::size_t kValueWidth = 60;
constexpr int kGlobDepth = 6;  // how far a pattern may reach into a variable
constexpr std::size_t kMostVariables = 1'000'000;

bool is_dunder(std::string_view name) {
  return name.size() > 4 && name.substr(0, 2) == "__" && name.substr(name.size() - 2) == "__";
}

class VariableWalk {
 public:
  VariableWalk(const PythonObjects& objects, const VariableQuery& query)
      : objects_(objects), graph_(objects.graph()), query_(query), sizes_(objects) {}

  void add_module(const ModuleState& module) {
    for (const NamedValue& v : module.variables) {
      if (!query_.all && (is_dunder(v.name) || is_definition(v.value))) {
        ++out_.hidden;
      } else {
        add(module.name + "." + v.name, v.value, 0);
      }
    }
  }

  void add_frame(const StackFrame& frame) {
    const int activation = ++activations_[frame.label()];
    const std::string prefix =
        frame.label() + (activation > 1 ? "#" + std::to_string(activation) : "") + ".<locals>.";
    for (const NamedValue& v : frame.locals) {
      if (!query_.all && is_definition(v.value)) {
        ++out_.hidden;
      } else {
        add(prefix + v.name, v.value, 0);
      }
    }
  }

  VariableList take() { return std::move(out_); }

 private:
  bool is_definition(NodeId n) const {
    if (graph_.kind(n) == Kind::kGlobal) return true;
    if (objects_.is_module(n) || objects_.is_class(n) || objects_.is_function(n)) return true;
    const std::vector<std::string> label = objects_.label(n);
    return !label.empty() && label[0] == "s";
  }

  // Depth-first, by recursion no deeper than kGlobDepth or the depth asked for.
  void add(const std::string& name, NodeId n, int depth, const std::string& suffix = {}) {
    if (out_.variables.size() >= kMostVariables) return;
    const bool searching = !query_.glob.empty();
    const bool shown = !searching || glob_matches(query_.glob, name);
    const std::string known = first_name(n, name);
    std::vector<Part> parts;
    std::size_t total = 0;
    if (known.empty() && (searching ? !shown && depth < kGlobDepth : is_opened(n, depth))) {
      parts = parts_of(objects_, n, searching ? SIZE_MAX : query_.parts, &total);
    }
    if (shown) {
      Variable v = describe(name, n, depth);
      v.part = suffix;
      v.alias_of = known;
      if (!parts.empty()) v.value.clear();
      v.more_parts = total - parts.size();
      out_.variables.push_back(std::move(v));
    }
    for (const Part& part : parts) add(name + part.suffix, part.value, depth + 1, part.suffix);
  }

  // Without a wish for more, instances of the program's own classes and small dicts are opened;
  // sequences stay one line.
  bool is_opened(NodeId n, int depth) const {
    if (depth >= query_.depth) return false;
    if (query_.open_all || objects_.is_of_own_class(n)) return true;
    return objects_.type_name(n) == "dict" && objects_.length(n).value_or(0) <= query_.parts;
  }

  Variable describe(const std::string& name, NodeId n, int depth) {
    Variable v;
    v.name = name;
    v.depth = depth;
    v.type = objects_.type_name(n);
    v.length = objects_.length(n);
    if (const auto array = objects_.array(n)) {
      v.dtype = array->dtype;
      if (array->shape_known) v.shape = array->shape;
      v.view_of = memory_owner(n, name);
    } else {
      v.value = short_value(objects_, n, kValueWidth);
    }
    const StoredSize size = sizes_.measure(n);
    v.bytes = size.bytes;
    v.bytes_complete = size.complete;
    return v;
  }

  // The name this very object has already, if its identity can matter.
  std::string first_name(NodeId n, const std::string& name) {
    const NodeId real = objects_.resolve(n);
    switch (graph_.kind(real)) {
      case Kind::kList:
      case Kind::kDict:
      case Kind::kSet:
      case Kind::kByteArray:
      case Kind::kCall:
        break;
      default:
        return {};
    }
    const auto [entry, is_new] = names_.emplace(real, name);
    return is_new ? std::string() : entry->second;
  }

  std::string memory_owner(NodeId n, const std::string& name) {
    NodeId root = n;
    for (int i = 0; i < kDeepestBase; ++i) {
      const auto array = objects_.array(root);
      if (!array || array->base == kNoNode) break;
      root = array->base;
    }
    const auto [entry, is_new] = memory_.emplace(root, name);
    return is_new || entry->second == name ? std::string() : entry->second;
  }

  const PythonObjects& objects_;
  const Graph& graph_;
  const VariableQuery& query_;
  SizeMeter sizes_;
  VariableList out_;
  std::map<std::string, int> activations_;
  std::unordered_map<NodeId, std::string> names_;   // object -> first name
  std::unordered_map<NodeId, std::string> memory_;  // array that owns memory -> first name
};

}  // namespace

VariableList list_variables(const PythonObjects& objects, const ProgramState& state,
                            const VariableQuery& query) {
  VariableWalk walk(objects, query);
  for (const ModuleState& module : state.modules) walk.add_module(module);
  for (const StackFrame& frame : state.frames) walk.add_frame(frame);
  return walk.take();
}

std::string kind_text(const Variable& v, bool with_extent) {
  std::string out = v.type;
  if (!v.dtype.empty()) out = v.type == "ndarray" ? v.dtype : v.type + " " + v.dtype;
  if (with_extent && v.shape) {
    out += " " + shape_text(*v.shape);
  } else if (with_extent && v.length) {
    out += " [" + std::to_string(*v.length) + "]";
  }
  return printable(out);
}

bool glob_matches(std::string_view glob, std::string_view name) {
  std::size_t g = 0, n = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = n;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace chkpt::inspect
