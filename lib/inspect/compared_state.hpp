// SPDX-License-Identifier: BSD-3-Clause
// What the comparison of two saved states works on.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/compare.hpp"
#include "inspect/pickle_scanner.hpp"
#include "inspect/program_state.hpp"
#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

// One of the two states with its names.
struct ComparedState {
  // Refers to `state`, which outlives it.
  ComparedState(const SavedState& state, std::string_view meta_json);

  const Graph& graph() const { return scanned.graph; }

  const std::vector<ByteView>& buffers;
  ScannedPickle scanned;
  PythonObjects objects;
  ProgramState program;
};

using Pair = std::pair<NodeId, NodeId>;

// A pair of nodes that was met, and from where.
struct Visit {
  Pair nodes;
  std::size_t parent;
  Role role;
  std::size_t index;
};
constexpr std::size_t kNoParent = SIZE_MAX;

}  // namespace chkpt::inspect
