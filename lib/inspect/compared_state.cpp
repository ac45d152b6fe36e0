// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/compared_state.hpp"

#include "inspect/rank_facts.hpp"

namespace chkpt::inspect {
namespace {

std::vector<BufferFacts> facts_of(const std::vector<ByteView>& buffers) {
  std::vector<BufferFacts> facts;
  facts.reserve(buffers.size());
  for (const ByteView& buffer : buffers) facts.push_back({buffer.size, "", {buffer.size}});
  return facts;
}

}  // namespace

ComparedState::ComparedState(const SavedState& state, std::string_view meta_json)
    : buffers(state.buffers),
      scanned(scan_pickle(state.pickle, state.buffers.size())),
      objects(graph(), deferred_pickles(graph(), scanned.roots), facts_of(state.buffers)),
      program(read_program_state(objects, scanned.roots, RankFacts(meta_json, "state").stack())) {}

}  // namespace chkpt::inspect
