// SPDX-License-Identifier: BSD-3-Clause
// Values in Python's notation and the named parts of values, from the graph alone. Texts are safe
// for a terminal and cut; nesting is cut too, so that cycles end.
#pragma once

#include <string>
#include <vector>

#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

// "3", "'abc'", "[1, 2, 3, ...]", "<Solver: u, dt>", "float64 (512, 512)"; about `width` columns at
// most. Empty for what has no short form.
std::string short_value(const PythonObjects& objects, NodeId n, std::size_t width);

// "(512, 512)", "(5,)", "()".
std::string shape_text(const std::vector<std::uint64_t>& shape);

// One named thing inside another: "x.name", "x['key']", "x[3]".
struct Part {
  std::string suffix;
  NodeId value = kNoNode;
};
// Attributes of an instance, entries of a container; at most `limit`. `total` is how many there
// are.
std::vector<Part> parts_of(const PythonObjects& objects, NodeId n, std::size_t limit,
                           std::size_t* total);

}  // namespace chkpt::inspect
