// SPDX-License-Identifier: BSD-3-Clause
// The program's variables by name, as `tree` and `summary` show them: `__main__.state.x`,
// `heat.py:main.<locals>.u`. A value met again under another name is marked, not shown twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inspect/program_state.hpp"
#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

struct Variable {
  std::string name;
  std::string part;  // the end of the name that the variable it belongs to lacks: ".u", "['x']"
  std::string type;
  std::string dtype;  // arrays
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::uint64_t> length;
  std::uint64_t bytes = 0;
  bool bytes_complete = true;
  std::string value;     // short form; empty for arrays and containers that are shown in parts
  std::string alias_of;  // name under which the same object was listed before
  std::string view_of;   // name of an array that was listed before and shares this one's memory
  int depth = 0;         // 0: a variable; 1: its attribute or entry ...
  std::uint64_t more_parts = 0;  // parts that were not listed
};

struct VariableQuery {
  std::string glob;        // * and ?; empty: everything
  int depth = 1;           // how far attributes and entries are followed
  bool open_all = false;   // not only instances and small dicts
  std::size_t parts = 20;  // of one value
  bool all = false;        // also modules, functions, classes, __names__
};

struct VariableList {
  std::vector<Variable> variables;
  std::uint64_t hidden = 0;  // modules, functions, classes and __names__ left out
};

VariableList list_variables(const PythonObjects& objects, const ProgramState& state,
                            const VariableQuery& query);

// "float64 (512, 512)", "dict [3]", "Solver": what it is and how large.
std::string kind_text(const Variable& variable, bool with_extent = true);

// Whole-name match; only * and ? are special.
bool glob_matches(std::string_view glob, std::string_view name);

}  // namespace chkpt::inspect
