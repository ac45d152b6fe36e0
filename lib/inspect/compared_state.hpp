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
#include "inspect/rank_facts.hpp"

namespace chkpt::inspect {

// One of the two states with its names.
struct ComparedState {
  ComparedState(const SavedState& state, std::string_view meta)
      : buffers(state.buffers),
        scanned(scan_pickle(state.pickle, state.buffers.size())),
        objects(graph(), deferred_pickles(graph(), scanned.roots), facts_of(state.buffers)),
        program(read_program_state(objects, scanned.roots, RankFacts(meta, "state").stack())) {}

  const Graph& graph() const { return scanned.graph; }

  static std::vector<BufferFacts> facts_of(const std::vector<ByteView>& buffers) {
    std::vector<BufferFacts> facts;
    facts.reserve(buffers.size());
    for (const ByteView& buffer : buffers) facts.push_back({buffer.size, "", {buffer.size}});
    return facts;
  }

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
