// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/program_state.hpp"

#include <algorithm>
#include <unordered_set>

namespace chkpt::inspect {
namespace {

// Items of one entry of the body's "frames" (lib/python/frames/stack.hpp).
enum FrameItem : std::size_t { kFrameCode = 0, kFrameLocalsDict = 2, kFrameLocals = 6 };
// Arguments of a code object's constructor, in the order of types.CodeType.
enum CodeItem : std::size_t {
  kCodeVarNames = 9,
  kCodeFileName = 10,
  kCodeName = 11,
  kCodeQualName = 12,
  kCodeFreeVars = 16,
  kCodeCellVars = 17,
};

NodeId value_of_key(const Graph& graph, NodeId dict, std::string_view key) {
  const std::vector<NodeId> flat = graph.children(dict, Role::kPairs);
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
    if (graph.kind(flat[i]) == Kind::kText && graph.raw_text(flat[i]) == key) return flat[i + 1];
  }
  return kNoNode;
}

std::size_t body_index(const Graph& graph, const std::vector<NodeId>& roots) {
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (graph.kind(roots[i]) != Kind::kDict) continue;
    if (value_of_key(graph, roots[i], "modules") != kNoNode) return i;
    if (value_of_key(graph, roots[i], "frames") != kNoNode) return i;
  }
  return roots.size();
}

class StateReader {
 public:
  explicit StateReader(const PythonObjects& objects) : objects_(objects), graph_(objects.graph()) {}

  StackFrame frame(NodeId entry) const {
    StackFrame out;
    const NodeId code = item(entry, kFrameCode);
    out.file = graph_text(code_part(code, kCodeFileName));
    out.function = graph_text(code_part(code, kCodeQualName));
    const NodeId dict = item(entry, kFrameLocalsDict);
    const std::vector<std::string> label = objects_.label(dict);
    out.is_module = !label.empty() && (label[0] == "D" || label[0] == "d");
    if (!out.is_module && dict != kNoNode) add_dict(dict, &out.locals);
    add_fast_locals(code, item(entry, kFrameLocals), &out.locals);
    return out;
  }

  ModuleState module(NodeId entry) const {
    ModuleState out;
    const NodeId name = item(entry, 0);
    if (name != kNoNode) out.name = graph_text(name);
    const NodeId variables = item(entry, 1);
    if (variables != kNoNode) add_dict(variables, &out.variables);
    return out;
  }

 private:
  NodeId item(NodeId n, std::size_t index) const {
    const bool is_sequence =
        n != kNoNode && (graph_.kind(n) == Kind::kList || graph_.kind(n) == Kind::kTuple);
    return is_sequence ? graph_.child(n, Role::kItems, index) : kNoNode;
  }

  std::string graph_text(NodeId n) const { return n == kNoNode ? "" : graph_.text(n); }

  NodeId code_part(NodeId code, CodeItem index) const {
    return code == kNoNode ? kNoNode : objects_.argument(code, index);
  }

  void add_dict(NodeId dict, std::vector<NamedValue>* out) const {
    for (const auto& [key, value] : objects_.pairs(dict, SIZE_MAX)) {
      if (graph_.kind(key) == Kind::kText) out->push_back({graph_.text(key), value});
    }
  }

  // The interpreter's own order: arguments and plain locals, then cells that are no argument, then
  // variables of enclosing functions.
  std::vector<std::string> local_names(NodeId code) const {
    std::vector<std::string> names;
    std::unordered_set<std::string> seen;
    for (const CodeItem group : {kCodeVarNames, kCodeCellVars, kCodeFreeVars}) {
      const NodeId tuple = code_part(code, group);
      if (tuple == kNoNode || graph_.kind(tuple) != Kind::kTuple) continue;
      for (const NodeId name : graph_.children(tuple, Role::kItems)) {
        std::string text = graph_text(name);
        if (seen.insert(text).second) names.push_back(std::move(text));
      }
    }
    return names;
  }

  void add_fast_locals(NodeId code, NodeId values, std::vector<NamedValue>* out) const {
    if (values == kNoNode) return;
    const std::vector<std::string> names = local_names(code);
    const std::vector<NodeId> items = graph_.children(values, Role::kItems);
    for (std::size_t i = 0; i < std::min(names.size(), items.size()); ++i) {
      if (objects_.is_empty_slot(items[i])) continue;
      const NodeId value = objects_.through_cell(items[i]);
      if (value != kNoNode) out->push_back({names[i], value});
    }
  }

  const PythonObjects& objects_;
  const Graph& graph_;
};

}  // namespace

std::string StackFrame::label() const {
  const std::size_t slash = file.rfind('/');
  return (slash == std::string::npos ? file : file.substr(slash + 1)) + ":" + function;
}

std::vector<NodeId> deferred_pickles(const Graph& graph, const std::vector<NodeId>& roots) {
  const std::size_t body = body_index(graph, roots);
  if (body >= roots.size()) return {};
  return {roots.begin() + static_cast<std::ptrdiff_t>(body) + 1, roots.end()};
}

ProgramState read_program_state(const PythonObjects& objects, const std::vector<NodeId>& roots,
                                const std::vector<StackLine>& lines) {
  ProgramState out;
  const Graph& graph = objects.graph();
  const std::size_t body = body_index(graph, roots);
  if (body >= roots.size()) return out;
  const StateReader reader(objects);
  const NodeId modules = value_of_key(graph, roots[body], "modules");
  if (modules != kNoNode) {
    for (const NodeId entry : graph.children(modules, Role::kItems)) {
      out.modules.push_back(reader.module(entry));
    }
  }
  const NodeId frames = value_of_key(graph, roots[body], "frames");
  if (frames == kNoNode) return out;
  for (const NodeId entry : graph.children(frames, Role::kItems)) {
    out.frames.push_back(reader.frame(entry));
  }
  // Both lists are outermost first; lines are taken over only where they tell of the same frames.
  for (std::size_t i = 0; i < out.frames.size() && out.frames.size() == lines.size(); ++i) {
    if (out.frames[i].file == lines[i].file) out.frames[i].line = lines[i].line;
  }
  return out;
}

}  // namespace chkpt::inspect
