// SPDX-License-Identifier: BSD-3-Clause
// Walks the opcodes of a pickle stream and builds its Graph: the unpickler's stack machine with
// every operation replaced by a label. Safe on hostile bytes: bounded memory, no recursion, every
// underflow is a FormatError that names the offset. Several pickles that share one memo may follow
// one another; each one's value is a root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inspect/pickle_graph.hpp"
#include "inspect/pickle_opcode.hpp"

namespace chkpt::inspect {

struct ScanLimits {
  std::size_t memory_bytes = std::size_t{2} << 30;  // of the graph, the stack and the memo together
};

struct ScannedPickle {
  Graph graph;
  std::vector<NodeId> roots;  // one for each pickle in the stream
};

// `buffer_count` is how many out-of-band buffers came with the stream.
ScannedPickle scan_pickle(ByteView stream, std::size_t buffer_count, const ScanLimits& limits = {});

}  // namespace chkpt::inspect
