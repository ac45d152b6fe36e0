// SPDX-License-Identifier: BSD-3-Clause
// What chkpt's pickle stream holds: the call stack with its locals and the modules saved by value,
// each value a node of the graph. Reads the layout that lib/python/heap writes: a header, a body
// that is a dict, the deferred containers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inspect/python_objects.hpp"
#include "inspect/rank_facts.hpp"

namespace chkpt::inspect {

struct NamedValue {
  std::string name;
  NodeId value = kNoNode;
};

struct StackFrame {
  std::string file;
  std::string function;    // qualified name
  int line = 0;            // 0: unknown
  bool is_module = false;  // its variables are the module's
  std::vector<NamedValue> locals;

  // "heat.py:Solver.step": the beginning of its variables' names.
  std::string label() const;
};

struct ModuleState {
  std::string name;
  std::vector<NamedValue> variables;
};

struct ProgramState {
  std::vector<StackFrame> frames;  // outermost first
  std::vector<ModuleState> modules;
};

// The deferred containers' pickles: what stands behind the body. For PythonObjects.
std::vector<NodeId> deferred_pickles(const Graph& graph, const std::vector<NodeId>& roots);

// `lines`: where each frame stood, outermost first, as the file's metadata tells.
ProgramState read_program_state(const PythonObjects& objects, const std::vector<NodeId>& roots,
                                const std::vector<StackLine>& lines);

}  // namespace chkpt::inspect
